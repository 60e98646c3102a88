/// Words already encoded, kept by one thread within a fixed budget of memory.
public struct WordCache: ~Copyable {
  let scratch = MergeScratch()

  /// Makes an empty cache.
  public init(byteBudget: Int) {}
}
