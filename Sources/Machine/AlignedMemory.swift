internal import CMachine
internal import Glibc

/// Memory that begins at a multiple of 64 bytes, or of a huge page where it is large.
package enum AlignedMemory {
  /// The address of zeroed memory; `nil` when there is not enough.
  package static func allocate(_ byteCount: Int) -> UInt? {
    let hugePage = 2 << 20
    let isLarge = byteCount >= 2 * hugePage
    var memory: UnsafeMutableRawPointer?
    let status = unsafe posix_memalign(&memory, isLarge ? hugePage : 64, max(byteCount, 64))
    guard status == 0, let memory = unsafe memory else { return nil }
    if isLarge { unsafe cm_ask_for_huge_pages(memory, byteCount) }
    unsafe memset(memory, 0, byteCount)
    return UInt(bitPattern: memory)
  }

  /// Gives memory back that ``allocate(_:)`` gave; zero is no memory.
  package static func free(_ address: UInt) {
    unsafe Glibc.free(UnsafeMutableRawPointer(bitPattern: address))
  }
}
