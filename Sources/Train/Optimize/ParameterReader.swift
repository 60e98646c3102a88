/// Takes the values of `optimizer.params` one by one, so that what is left over can be refused.
struct ParameterReader {
  private var rest: [String: OptimizerSettings.Value]
  private var known: [String] = []

  init(_ values: [String: OptimizerSettings.Value]) { rest = values }

  /// A number within bounds.
  mutating func number(
    _ key: String, default fallback: Double, _ bounds: PartialRangeFrom<Double>? = nil
  ) throws(TrainError) -> Double {
    let value = try optionalNumber(key) ?? fallback
    if let bounds, !bounds.contains(value) {
      throw Self.error(key, "\(value)", "a number of at least \(bounds.lowerBound)")
    }
    return value
  }

  /// A number, where the key is there.
  mutating func optionalNumber(_ key: String) throws(TrainError) -> Double? {
    known.append(key)
    switch rest.removeValue(forKey: key) {
    case nil: return nil
    case .number(let number) where number.isFinite: return number
    case let value?: throw Self.error(key, Self.text(value), "a number")
    }
  }

  /// A number from 0 to below 1.
  mutating func share(_ key: String, default fallback: Double) throws(TrainError) -> Double {
    let value = try number(key, default: fallback, 0...)
    guard value < 1 else { throw Self.error(key, "\(value)", "a number from 0 to below 1") }
    return value
  }

  /// A whole number that is not negative.
  mutating func count(_ key: String, default fallback: Int) throws(TrainError) -> Int {
    let value = try number(key, default: Double(fallback), 0...)
    guard let count = Int(exactly: value) else {
      throw Self.error(key, "\(value)", "a whole number")
    }
    return count
  }

  /// `true` or `false`.
  mutating func boolean(_ key: String, default fallback: Bool) throws(TrainError) -> Bool {
    known.append(key)
    switch rest.removeValue(forKey: key) {
    case nil: return fallback
    case .boolean(let value): return value
    case let value?: throw Self.error(key, Self.text(value), "true or false")
    }
  }

  /// The two numbers of `betas`, each from 0 to below 1.
  mutating func betas(default fallback: UpdateRule.Betas) throws(TrainError) -> UpdateRule.Betas {
    known.append("betas")
    guard let value = rest.removeValue(forKey: "betas") else { return fallback }
    guard case .numbers(let numbers) = value, numbers.count == 2,
      numbers.allSatisfy({ (0..<1).contains($0) })
    else { throw Self.error("betas", Self.text(value), "two numbers from 0 to below 1") }
    return .init(numbers[0], numbers[1])
  }

  /// Refuses what nobody took.
  func finish(_ kind: OptimizerSettings.Kind) throws(TrainError) {
    guard let key = rest.keys.min() else { return }
    throw .unsupported(
      what: "optimizer.params.\(key)",
      reason: "\(kind.rawValue) knows only \(known.joined(separator: ", "))")
  }

  private static func text(_ value: OptimizerSettings.Value) -> String {
    switch value {
    case .number(let number): "\(number)"
    case .numbers(let numbers): "\(numbers)"
    case .boolean(let boolean): "\(boolean)"
    case .other(let text): text
    }
  }

  private static func error(_ key: String, _ found: String, _ expected: String) -> TrainError {
    .unsupported(what: "optimizer.params.\(key) \(found)", reason: "it has to be \(expected)")
  }
}
