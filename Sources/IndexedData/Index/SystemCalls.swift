package import Machine

/// Runs calls to the system and throws their errors as the module's own.
func asking<Outcome: ~Copyable>(
  _ body: () throws(SystemError) -> Outcome
) throws(IndexedDataError) -> Outcome {
  do throws(SystemError) {
    return try body()
  } catch {
    throw .system(error)
  }
}

/// Ends work that a signal asked to stop.
///
/// - Throws: ``IndexedDataError/interrupted``.
package func endWhereRaised(_ interruption: Interruption?) throws(IndexedDataError) {
  if let interruption, interruption.isRaised { throw .interrupted }
}
