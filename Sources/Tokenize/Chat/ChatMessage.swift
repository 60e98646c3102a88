/// A JSON value in a message of a chat; members of objects keep their order.
public indirect enum ChatValue: Sendable, Equatable {
  /// `null`.
  case null
  /// `true` or `false`.
  case boolean(Bool)
  /// A number without fraction and exponent.
  case integer(Int)
  /// Any other number.
  case number(Double)
  /// A string.
  case string(String)
  /// `[…]`.
  case array([ChatValue])
  /// `{…}`; of repeated names the last one counts.
  case object([ChatMember])
}

/// One named value of an object.
public struct ChatMember: Sendable, Equatable {
  /// The name.
  public var name: String
  /// The value.
  public var value: ChatValue

  /// Makes a member.
  public init(_ name: String, _ value: ChatValue) {
    self.name = name
    self.value = value
  }
}

/// One message of a conversation: a role, as a rule a content, and whatever else a template reads.
public struct ChatMessage: Sendable, Equatable {
  /// The members in their order, `role` among them.
  public let members: [ChatMember]
  /// Who speaks.
  public let role: String

  /// Makes a message of a role and a text.
  public init(role: String, content: String) {
    self.role = role
    members = [ChatMember("role", .string(role)), ChatMember("content", .string(content))]
  }

  /// Makes a message of members.
  ///
  /// - Throws: ``TokenizeError/conversation(reason:)`` where there is no `role` or it is no string.
  public init(members: [ChatMember]) throws(TokenizeError) {
    guard case .string(let role) = members.last(where: { $0.name == "role" })?.value else {
      throw .conversation(reason: "a message has no \"role\", or one that is not a string")
    }
    self.role = role
    self.members = members
  }
}

extension ChatMessage {
  /// Whether it has more than a role and empty values.
  var saysSomething: Bool {
    members.contains { member in
      guard member.name != "role" else { return false }
      switch member.value {
      case .null, .string(""), .array([]): return false
      default: return true
      }
    }
  }

  /// Takes a conversation from JSON: an array of objects, each with a `role`.
  ///
  /// - Throws: ``TokenizeError/conversation(reason:)`` with the number of the message that is wrong.
  package static func messages(_ node: JSONNode) throws(TokenizeError) -> [ChatMessage] {
    guard let elements = node.elements else {
      throw .conversation(
        reason: "an array of messages was expected, found \(node.kind.rawValue)")
    }
    var messages: [ChatMessage] = []
    for (number, element) in elements.enumerated() {
      guard case .object(let members) = ChatValue(element) else {
        throw .conversation(
          reason: "message \(number + 1) is no object but \(element.kind.rawValue)")
      }
      do throws(TokenizeError) {
        messages.append(try ChatMessage(members: members))
      } catch {
        throw .conversation(
          reason: "message \(number + 1) has no \"role\", or one that is not a string")
      }
    }
    return messages
  }
}

extension ChatValue {
  /// Copies a JSON value.
  package init(_ node: JSONNode) {
    switch node.kind {
    case .object:
      self = .object(
        (node.members ?? []).map { ChatMember($0.key, ChatValue($0.value)) })
    case .array: self = .array((node.elements ?? []).map { ChatValue($0) })
    case .string: self = .string(node.string ?? "")
    case .integer: self = node.integer.map { .integer($0) } ?? .number(node.number ?? 0)
    case .fraction: self = .number(node.number ?? 0)
    case .boolean: self = .boolean(node.boolean ?? false)
    case .null: self = .null
    }
  }
}
