/// The rule of ``StableBlend``: of the datasets that may come, the one that must come first.
struct StableBlendRule: BlendRule {
  let parts: [Int]
  let total: Int

  var description: String {
    "stable \(total): " + parts.map(String.init).joined(separator: " ")
  }

  func draw(from place: Int, taken: inout [Int], into choices: inout [UInt16]) {
    var schedule = BlendSchedule(parts: parts, total: total, taken: taken, at: place)
    for step in choices.indices { choices[step] = UInt16(schedule.next()) }
    taken = schedule.taken
  }
}

/// The state of a blend between two samples.
struct BlendSchedule {
  private let parts: [Int]
  private let total: Int
  /// Samples of each dataset so far.
  private(set) var taken: [Int]
  /// How many samples were drawn.
  private var place: Int
  /// After how many samples the next one of each dataset may come, and has come.
  private var releases: [Int]
  private var deadlines: [Int]

  /// Goes on behind `place` samples.
  init(parts: [Int], total: Int, taken: [Int], at place: Int) {
    self.parts = parts
    self.total = total
    self.taken = taken
    self.place = place
    releases = parts.map { _ in .max }
    deadlines = releases
    for dataset in parts.indices where parts[dataset] > 0 { plan(dataset) }
  }

  /// After how many samples the one with this number may come: the most n with `n·part ≤ number·total`.
  static func release(of number: Int, part: Int, total: Int) -> Int {
    divide(UInt(number), total, part).quotient
  }

  /// After how many samples it has come: the least n with `n·part ≥ (number + 1)·total`.
  static func deadline(of number: Int, part: Int, total: Int) -> Int {
    let (quotient, hasRest) = divide(UInt(number) + 1, total, part)
    return hasRest ? quotient + 1 : quotient
  }

  // What is beyond any run counts as its end.
  private static func divide(
    _ number: UInt, _ total: Int, _ part: Int
  ) -> (quotient: Int, hasRest: Bool) {
    let product = UInt(total).multipliedFullWidth(by: number)
    guard product.high < UInt(part) else { return (.max, false) }
    let (quotient, rest) = UInt(part).dividingFullWidth(product)
    return quotient < UInt(Int.max) ? (Int(quotient), rest > 0) : (.max, false)
  }

  private mutating func plan(_ dataset: Int) {
    let part = parts[dataset]
    releases[dataset] = Self.release(of: taken[dataset], part: part, total: total)
    deadlines[dataset] = Self.deadline(of: taken[dataset], part: part, total: total)
  }

  /// Draws the next sample; says from which dataset.
  mutating func next() -> Int {
    var choice = 0
    var earliest = Int.max
    for dataset in parts.indices
    where releases[dataset] <= place && deadlines[dataset] < earliest {
      choice = dataset
      earliest = deadlines[dataset]
    }
    taken[choice] += 1
    place += 1
    plan(choice)
    return choice
  }
}
