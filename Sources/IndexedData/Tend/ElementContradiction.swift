internal import Machine

/// Finds elements that are not of the type in the index: fractions taken for ids, or ids for fractions.
///
/// Elements behind the byte `limit` are not looked at.
///
/// - Returns: what the type expects and what they look like instead; `nil` where nothing is odd.
func contradiction(
  of type: ElementType, _ elements: borrowing FileBytes, within limit: Int = .max
) throws(IndexedDataError) -> (expected: String, found: String)? {
  let count = min(elements.byteCount, limit, 1 << 16) / type.byteCount * type.byteCount
  let isOdd = try elements.withBytes(at: 0, count: count) { bytes in
    var seen = 0
    var odd = 0
    for offset in stride(from: 0, to: count, by: type.byteCount) {
      switch type {
      case .float32:
        let value = Float(bitPattern: bytes.loadNumber(at: offset, UInt32.self))
        if value != 0 { (seen, odd) = (seen + 1, odd + (value.isSubnormal ? 1 : 0)) }
      case .float64:
        let value = Double(bitPattern: bytes.loadNumber(at: offset, UInt64.self))
        if value != 0 { (seen, odd) = (seen + 1, odd + (value.isSubnormal ? 1 : 0)) }
      case .int32:
        let value = bytes.loadNumber(at: offset, Int32.self)
        if value != 0 { (seen, odd) = (seen + 1, odd + (value.magnitude >= 1 << 28 ? 1 : 0)) }
      case .int64:
        let value = bytes.loadNumber(at: offset, Int64.self)
        if value != 0 { (seen, odd) = (seen + 1, odd + (value.magnitude >= 1 << 48 ? 1 : 0)) }
      default: break
      }
    }
    return seen > 0 && odd == seen
  }
  guard isOdd else { return nil }
  let kind = type.isFloatingPoint ? "fractions" : "ids"
  let other = type.isFloatingPoint ? "integers" : "fractions"
  return ("\(type.rawValue) \(kind)", "what look like \(other); the type in the index is wrong")
}
