import Preprocess
import TestSupport
import Testing

@Suite("Progress of pipes")
struct PipedBytesTests {
  @Test("bytes that came out of pipes are counted, one pipe after the other")
  func counted() throws {
    let folder = try TemporaryFolder()
    let lines = (0..<5000).map { #"{"text":"line \#($0)"}"# + "\n" }.joined()
    let plain = Array(lines.utf8)
    let packed = try Containers.compressed(plain, .gzip)
    let (one, other) = (try PipeFixture(folder, "one"), try PipeFixture(folder, "other"))
    try one.feeding(plain) {
      try other.feeding(packed) {
        let options = ReadingOptions.testing()
        var source = try DocumentSource(InputList([one.path, other.path]), options: options)
        #expect((source.byteCount, source.pipedBytes) == (0, 0))
        var last = 0
        while try source.next() != nil {
          #expect(source.pipedBytes >= last)
          last = source.pipedBytes
        }
        #expect(source.pipedBytes == plain.count + packed.count)
        #expect(source.bytesRead == 0)
      }
    }
  }
}
