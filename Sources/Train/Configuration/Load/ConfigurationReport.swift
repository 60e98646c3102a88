/// All that is to be said about a configuration: what is wrong, what is worth knowing, and what has
/// no effect.
package struct ConfigurationReport: Sendable {
  /// Something that is wrong, or worth knowing, at a place.
  package struct Remark: Sendable {
    /// Where it stands; `nil` for what is missing or follows from several keys.
    package let place: SourcePlace?
    /// The key, or `nil` where it is about a whole file.
    package let key: String?
    /// What was found and what can be done.
    package let text: String
  }

  /// A key that is accepted and means nothing here.
  package struct Unused: Sendable {
    /// The key as the configuration spells it.
    package let key: String
    /// Where it stands.
    package let place: SourcePlace
    /// Why it means nothing.
    package let reason: String
  }

  /// What keeps the configuration from being used.
  package private(set) var problems: [Remark] = []
  /// What keeps it from being trained with, though not from describing a model.
  package private(set) var trainingProblems: [Remark] = []
  /// What does not, but should be looked at.
  package private(set) var warnings: [Remark] = []
  /// What should be looked at before training.
  package private(set) var trainingWarnings: [Remark] = []
  /// Keys without an effect, in the order of the files.
  package private(set) var unused: [Unused] = []

  /// Whether there are problems, and `--set` makes them all: then the command line is wrong, not a file.
  package var isOfSettings: Bool {
    !problems.isEmpty && problems.allSatisfy { $0.place?.isSetting == true }
  }

  /// Records a problem.
  mutating func problem(_ text: String, key: String? = nil, at place: SourcePlace? = nil) {
    problems.append(Remark(place: place, key: key, text: text))
  }

  /// Records what keeps the configuration from being trained with.
  mutating func refuseTraining(_ text: String, key: String, at place: SourcePlace?) {
    trainingProblems.append(Remark(place: place, key: key, text: text))
  }

  /// Records a warning.
  mutating func warning(_ text: String, key: String? = nil, at place: SourcePlace? = nil) {
    warnings.append(Remark(place: place, key: key, text: text))
  }

  /// Records a warning that is about training alone.
  mutating func warnOfTraining(_ text: String, key: String, at place: SourcePlace?) {
    trainingWarnings.append(Remark(place: place, key: key, text: text))
  }

  /// Records a key without an effect.
  mutating func unused(_ key: String, at place: SourcePlace, because reason: String) {
    unused.append(Unused(key: key, place: place, reason: reason))
  }

  /// Puts remarks in the order in which `files` were named, then by line; what has no place is last.
  mutating func sort(files: [String]) {
    let ranks = Dictionary(
      files.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    func rank(_ remark: Remark) -> (Int, Int, Int) {
      guard let place = remark.place else { return (.max, 0, 0) }
      return (ranks[place.file] ?? files.count, place.line, place.column)
    }
    problems = problems.enumerated().sorted { a, b in
      (rank(a.element), a.offset) < (rank(b.element), b.offset)
    }.map(\.element)
  }
}

extension ConfigurationReport.Remark: CustomStringConvertible {
  /// `file:line: key: text`, as far as there are such.
  package var description: String {
    [place?.description, key, text].compactMap(\.self).joined(separator: ": ")
  }
}

extension ConfigurationReport {
  /// Keys without an effect, those with one reason together.
  package var unusedByReason: [(reason: String, keys: [String])] {
    var groups: [(reason: String, keys: [String])] = []
    for item in unused {
      if let index = groups.firstIndex(where: { $0.reason == item.reason }) {
        groups[index].keys.append(item.key)
      } else {
        groups.append((item.reason, [item.key]))
      }
    }
    return groups
  }
}

private func < (a: ((Int, Int, Int), Int), b: ((Int, Int, Int), Int)) -> Bool {
  a.0 == b.0 ? a.1 < b.1 : a.0 < b.0
}
