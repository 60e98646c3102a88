import Tokenize

/// How often names occur; nothing where there are too many to tell.
struct NameCounts: Equatable, Sendable {
  /// The most names that are told apart.
  static let limit = 64
  /// The longest name, in bytes.
  private static let longest = 128

  /// Occurrences by name; empty where there were more than ``limit`` names or a longer one, so that
  /// it does not depend on the order in which they came.
  private(set) var counts: [String: Int] = [:]
  private(set) var isOverfull = false

  /// Counts a name.
  mutating func add(_ name: String, _ count: Int = 1) {
    guard !isOverfull else { return }
    counts[name, default: 0] += count
    if counts.count > Self.limit || name.utf8.count > Self.longest { overfill() }
  }

  /// Adds other counts.
  mutating func add(_ other: NameCounts) {
    for (name, count) in other.counts { add(name, count) }
    if other.isOverfull { overfill() }
  }

  /// Gives up counting.
  mutating func overfill() {
    counts = [:]
    isOverfull = true
  }

  subscript(name: String) -> Int { counts[name] ?? 0 }

  /// All occurrences.
  var total: Int { counts.values.reduce(0, +) }

  /// The names with their counts, the most frequent first.
  var words: String {
    let rows = counts.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
    let shown = rows.prefix(8).map { "\($0.key) (\($0.value))" }.joined(separator: ", ")
    return shown + (rows.count > 8 ? " and \(rows.count - 8) more" : "")
  }
}

/// What was seen of conversations, refused ones included.
struct ConversationCounts: Equatable, Sendable {
  /// Conversations.
  var conversations = 0
  /// Messages of each role that the template wrote something of.
  var written = NameCounts()
  /// Messages of each role that say something and that it wrote nothing of.
  var unwritten = NameCounts()
  /// Messages that have each member.
  var members = NameCounts()
  /// Conversations in which the template wrote nothing for a name, because nothing has it.
  var absent = NameCounts()

  /// Counts a conversation and what its template made of it.
  mutating func add(_ messages: [ChatMessage], _ encoding: ChatEncoding) {
    conversations += 1
    for (turn, message) in messages.enumerated() {
      for member in message.members { members.add(member.name) }
      if encoding.unwrittenTurns.contains(turn) {
        unwritten.add(message.role)
      } else {
        written.add(message.role)
      }
    }
    for name in encoding.absentNames { absent.add(name) }
  }

  /// Adds other counts.
  mutating func add(_ other: ConversationCounts) {
    conversations += other.conversations
    written.add(other.written)
    unwritten.add(other.unwritten)
    members.add(other.members)
    absent.add(other.absent)
  }

  /// Messages by role.
  var roles: NameCounts {
    var roles = written
    roles.add(unwritten)
    return roles
  }
}

// MARK: - Stored form

extension ConversationCounts {
  // Little-endian 64-bit numbers: the conversations, and for each of the four tables the number of
  // names, or all ones where there were too many, and for each name in order its count, its bytes
  // and these.
  private var tables: [NameCounts] { [written, unwritten, members, absent] }

  /// The counts as bytes.
  var storedBytes: [UInt8] {
    var bytes: [UInt8] = []
    func put(_ number: UInt64) {
      bytes += (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
    put(UInt64(conversations))
    for table in tables {
      put(table.isOverfull ? .max : UInt64(table.counts.count))
      for (name, count) in table.counts.sorted(by: { $0.key < $1.key }) {
        put(UInt64(count))
        put(UInt64(name.utf8.count))
        bytes += Array(name.utf8)
      }
    }
    return bytes
  }

  /// Reads counts back; `nil` unless the bytes are that and no more.
  init?(storedBytes bytes: ArraySlice<UInt8>) {
    var rest = bytes
    func take() -> UInt64? {
      guard rest.count >= 8 else { return nil }
      defer { rest = rest.dropFirst(8) }
      return rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    // So small that sums of them fit.
    func takeCount() -> Int? { take().flatMap { $0 < 1 << 48 ? Int($0) : nil } }
    guard let conversations = takeCount() else { return nil }
    var tables: [NameCounts] = []
    while tables.count < 4 {
      guard let word = take() else { return nil }
      var table = NameCounts()
      if word == .max {
        table.overfill()
      } else {
        guard word <= UInt64(NameCounts.limit) else { return nil }
        for _ in 0..<word {
          guard let count = takeCount(), let length = takeCount(), length <= rest.count,
            let name = String(validating: rest.prefix(length), as: UTF8.self), table[name] == 0
          else { return nil }
          table.add(name, count)
          rest = rest.dropFirst(length)
        }
      }
      tables.append(table)
    }
    guard rest.isEmpty else { return nil }
    self.conversations = conversations
    (written, unwritten, members, absent) = (tables[0], tables[1], tables[2], tables[3])
  }
}
