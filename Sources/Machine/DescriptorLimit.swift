internal import Glibc

/// How many descriptors this process may have.
package enum DescriptorLimit {
  /// The number now.
  package static var current: Int { limits.map { Int(clamping: $0.rlim_cur) } ?? 256 }

  /// Raises the number to `count` where it is lower, as far as the system lets a process do that.
  ///
  /// - Returns: the number then.
  package static func raise(to count: Int) -> Int {
    guard var limits, Int(clamping: limits.rlim_cur) < count else { return current }
    limits.rlim_cur = min(rlim_t(count), limits.rlim_max)
    // A refusal leaves the number as it is, and that is what the caller is told.
    _ = unsafe setrlimit(resource, &limits)
    return current
  }

  private static var resource: __rlimit_resource_t { __rlimit_resource_t(RLIMIT_NOFILE.rawValue) }

  private static var limits: rlimit? {
    var limits = rlimit()
    return unsafe getrlimit(resource, &limits) == 0 ? limits : nil
  }
}
