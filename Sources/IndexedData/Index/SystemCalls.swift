internal import Machine

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
