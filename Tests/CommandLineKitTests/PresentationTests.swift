import Synchronization
import Testing

@testable import CommandLineKit

struct PresentationTests {
  @Test func numbersAreHuman() {
    #expect(grouped(1_234_567) == "1,234,567" && grouped(-1000) == "-1,000" && grouped(7) == "7")
    #expect(grouped(.min) == "-9,223,372,036,854,775,808")
    #expect(humanBytes(512) == "512 B" && humanBytes(1536) == "1.5 KiB")
    #expect(humanBytes((1 << 30) - 1) == "1.0 GiB")
    #expect(humanCount(999) == "999" && humanCount(1_250_000) == "1.3 M")
    #expect(fixed(2.345, 2) == "2.35" && fixed(-0.001, 2) == "0.00" && fixed(0.05, 1) == "0.1")
    #expect(fixed(.nan, 1) == "nan")
    #expect(counted(1, "token") == "1 token" && counted(0, "token") == "0 tokens")
    #expect(humanSeconds(8.44) == "8.4 s" && humanSeconds(185) == "3m05s")
    #expect(humanSeconds(7620) == "2h07m" && humanSeconds(.infinity) == "?")
  }

  @Test func tablesAlignNumbersToTheRight() {
    var table = TextTable([.left("name"), .right("tokens")])
    table.add(["a", "5"])
    table.add(["books", "12,345"])
    #expect(table.text == "name   tokens\na           5\nbooks  12,345\n")
  }

  @Test func histogramsScaleToTheFullestBin() {
    let text = TextHistogram([("1-1", 1), ("2-3", 100), ("4-7", 0)]).text(width: 10)
    #expect(text == "1-1    1   1.0%  #\n2-3  100  99.0%  ##########\n4-7    0   0.0%\n")
  }

  private final class Recorder: Sendable {
    let time = Mutex(0.0)
    let text = Mutex("")

    func line(_ style: ProgressStyle, isTerminal: Bool) -> ProgressLine {
      ProgressLine(
        style: style, isTerminal: isTerminal, now: { self.time.withLock { $0 } },
        write: { words in self.text.withLock { $0 += words } })
    }
  }

  @Test func aTerminalsLineIsRewritten() {
    let recorder = Recorder()
    let line = recorder.line(.auto, isTerminal: true)
    line.update(Progress(activity: "merging", bytes: 0, totalBytes: 4_000_000))
    recorder.time.withLock { $0 = 0.1 }
    line.update(Progress(activity: "merging", bytes: 1, totalBytes: 4_000_000))
    recorder.time.withLock { $0 = 1 }
    line.update(Progress(activity: "merging", bytes: 1_000_000, totalBytes: 4_000_000))
    line.interrupt()
    let text = recorder.text.withLock { $0 }
    #expect(
      text == "\rmerging: 0.0%, 0 B of 3.8 MiB, 0.0 MB/s\u{1B}[K"
        + "\rmerging: 25.0%, 976.6 KiB of 3.8 MiB, 1.0 MB/s, 3.0 s left\u{1B}[K\n")
  }

  @Test func speedIsCountedFromTheBeginning() {
    let recorder = Recorder()
    let line = recorder.line(.plain, isTerminal: false)
    line.begin(Progress(activity: "x", bytes: 100))
    recorder.time.withLock { $0 = 4 }
    // Without the beginning this would be the first report, and without speed.
    line.finish(Progress(activity: "x", bytes: 8100))
    #expect(recorder.text.withLock { $0 } == "x: 7.9 KiB, 2.0 kB/s\n")
  }

  @Test func aFileGetsAPlainLineEveryTenSeconds() {
    let recorder = Recorder()
    let line = recorder.line(.auto, isTerminal: false)
    for second in 0...25 {
      recorder.time.withLock { $0 = Double(second) }
      line.update(Progress(activity: "x", bytes: second * 1_000_000, documents: second))
    }
    #expect(
      recorder.text.withLock { $0 } == "x: 9.5 MiB, 10 documents, 1.0 MB/s\n"
        + "x: 19.1 MiB, 20 documents, 1.0 MB/s\n")
  }

  @Test func workOnDocumentsAndTokensHasItsShareAndSpeed() {
    let recorder = Recorder()
    let line = recorder.line(.auto, isTerminal: true)
    func update(_ second: Double, _ activity: String, _ documents: Int, _ tokens: Int) {
      recorder.time.withLock { $0 = second }
      line.update(
        Progress(
          activity: activity, documents: documents, tokens: tokens, measure: .documents(of: 1333)))
    }
    // A run that goes on began with documents of an earlier one.
    update(0, "a", 256, 0)
    update(2, "a", 512, 9000)
    // The next dataset begins anew.
    update(4, "b", 0, 0)
    update(5, "b", 1333, 700)
    #expect(
      recorder.text.withLock { $0 }
        == "\ra: 19.2%, 256 of 1,333 documents, 0 tokens, 0 tokens/s\u{1B}[K"
        + "\ra: 38.4%, 512 of 1,333 documents, 9.0 k tokens, 4,500 tokens/s, 6.4 s left\u{1B}[K"
        + "\rb: 0.0%, 0 of 1,333 documents, 0 tokens, 0 tokens/s\u{1B}[K"
        + "\rb: 100.0%, 1,333 of 1,333 documents, 700 tokens, 700 tokens/s\u{1B}[K")
    let other = Recorder()
    let json = other.line(.json, isTerminal: false)
    for second in [0, 4] {
      other.time.withLock { $0 = Double(second) }
      json.update(Progress(activity: "e", tokens: second * 100, measure: .tokens(of: 1000)))
    }
    let text = other.text.withLock { $0 }
    let wanted =
      #"{"activity":"e","tokens":400,"total_tokens":1000,"seconds":4.000,"#
      + #""tokens_per_second":100,"seconds_left":6.0}"#
    #expect(text.hasSuffix("\n" + wanted + "\n"))
  }

  @Test func schedulersGetJSON() {
    let recorder = Recorder()
    let line = recorder.line(.json, isTerminal: true)
    line.update(Progress(activity: "a \"b\"", bytes: 10, totalBytes: 110))
    recorder.time.withLock { $0 = 2 }
    line.finish(Progress(activity: "c", bytes: 110, totalBytes: 110, documents: 1, tokens: 2))
    #expect(
      recorder.text.withLock { $0 } == """
        {"activity":"a \\"b\\"","bytes":10,"total_bytes":110,"seconds":0.000,"bytes_per_second":0}
        {"activity":"c","bytes":110,"total_bytes":110,"documents":1,"tokens":2,"seconds":2.000,\
        "bytes_per_second":50}

        """)
  }

  @Test func offIsSilent() {
    let recorder = Recorder()
    recorder.line(.off, isTerminal: true).finish(Progress(activity: "x", bytes: 1))
    #expect(recorder.text.withLock { $0 } == "")
  }
}
