internal import Glibc

/// The memory of the machine.
package enum PhysicalMemory {
  /// Its size in bytes, whoever uses it; `nil` where the system does not tell.
  package static var byteCount: Int? {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    let size = sysconf(Int32(_SC_PAGESIZE))
    return pages > 0 && size > 0 ? pages * size : nil
  }
}
