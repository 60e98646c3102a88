internal import CMachine

/// The memory that the process allocates piece by piece.
package enum HeapMemory {
  /// Takes all pieces, of all threads, from one row of memory, kept in huge pages where the system
  /// grants them, so that touching it for the first time costs a fraction.
  ///
  /// For a process that works on much data for a short time; call it before there is another thread.
  /// Up to twice `byteCount` of what is freed stays with the process. Addresses are set apart for `byteCount` bytes, less than
  /// 1 GiB; only what is touched takes memory, two MiB at a time.
  package static func gather(byteCount: Int) { cm_gather_heap(byteCount) }
}
