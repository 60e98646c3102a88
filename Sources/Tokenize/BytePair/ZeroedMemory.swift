import CTokenize
import Glibc

/// Memory of zeros, for tables: a large one costs nothing until it is touched, and may stay almost empty.
enum ZeroedMemory {
  private static let hugePage = 1 << 21

  /// Makes room for numbers that are 0; in huge pages where it is large, since tables are read in no
  /// order.
  @unsafe
  static func map<Element: BitwiseCopyable>(_ count: Int) -> UnsafeMutablePointer<Element> {
    let bytes = count * MemoryLayout<Element>.stride
    // A whole huge page more, of which what is not needed for the alignment goes back.
    let isLarge = bytes >= hugePage
    let mapped = bytes + (isLarge ? hugePage : 0)
    // Small tables are touched all over as a rule, and a page that is read before it is written is made
    // twice, the second time with an interrupt of the process's other processors.
    let touched = isLarge ? 0 : MAP_POPULATE
    let memory = unsafe mmap(
      nil, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | touched, -1, 0)
    guard let memory = unsafe memory, unsafe memory != MAP_FAILED else {
      preconditionFailure("there is no memory for \(bytes) bytes")
    }
    guard isLarge else { return unsafe memory.bindMemory(to: Element.self, capacity: count) }
    let start = unsafe memory.alignedUp(toMultipleOf: hugePage)
    let before = unsafe start - memory
    if before > 0 { unsafe munmap(memory, before) }
    let page = 4096
    let end = (bytes + page - 1) / page * page
    if hugePage - before > end - bytes { unsafe munmap(start + end, mapped - before - end) }
    unsafe madvise(start, bytes, Int32(MADV_HUGEPAGE))
    return unsafe start.bindMemory(to: Element.self, capacity: count)
  }

  /// Enlarges memory without copying what is in it.
  ///
  /// - Returns: Its new place; `nil`, and the memory is as it was, where the system cannot do that.
  @unsafe
  static func grow<Element: BitwiseCopyable>(
    _ memory: UnsafeMutablePointer<Element>, _ count: Int, to larger: Int
  ) -> UnsafeMutablePointer<Element>? {
    // One mapping takes another's place: of two side by side older systems move none. A place that was
    // not taken may be another's by now, and is left alone.
    let target: UnsafeMutablePointer<Element> = unsafe map(larger)
    let stride = MemoryLayout<Element>.stride
    let isMoved = unsafe ctok_move_pages(memory, count * stride, target, larger * stride)
    return unsafe isMoved ? target : nil
  }

  /// Gives memory back.
  @unsafe
  static func unmap<Element>(_ memory: UnsafeMutablePointer<Element>, _ count: Int) {
    unsafe munmap(memory, count * MemoryLayout<Element>.stride)
  }
}
