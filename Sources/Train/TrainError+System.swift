internal import Machine

/// Carries out what the system may refuse; such an error becomes ``TrainError/system(_:)``.
func onSystem<Value>(
  _ body: @autoclosure () throws(SystemError) -> Value
) throws(TrainError) -> Value {
  do throws(SystemError) { return try body() } catch { throw .system(error) }
}
