import Testing

@testable import Preprocess

@Suite("Shard names")
struct ShardNameTests {
  @Test("parts are read as i/n, counted from 0")
  func reading() {
    #expect(Shard("0/1") == .whole)
    #expect(Shard("3/16") == Shard(index: 3, of: 16))
    for text in ["", "1", "1/1", "4/4", "-1/4", "0/0", "a/b", "0/4/1", "0/100000", "1 /4"] {
      #expect(Shard(text) == nil, "\(text)")
    }
  }

  @Test("the parts' names sort as their numbers do")
  func names() {
    #expect(Shard.whole.prefix("d/p") == "d/p")
    #expect(Shard(index: 3, of: 16).prefix("d/p") == "d/p_00003-of-00016")
    let names = (0..<120).map { Shard(index: $0, of: 120).prefix("p") }
    #expect(names == names.sorted())
  }

  @Test("the environment of a job names a part")
  func environment() throws {
    #expect(try ShardEnvironment([:]) == nil)
    #expect(try ShardEnvironment(["RANK": "1"]) == nil)
    let slurm = ["SLURM_PROCID": "2", "SLURM_NTASKS": "8"]
    #expect(try ShardEnvironment(slurm)?.shard == Shard(index: 2, of: 8))
    let both = slurm.merging(["RANK": "1", "WORLD_SIZE": "4"]) { $1 }
    #expect(try ShardEnvironment(both)?.shard == Shard(index: 1, of: 4))
    let mpi = ["OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_SIZE": "1"]
    #expect(try ShardEnvironment(mpi)?.source == "OMPI_COMM_WORLD_RANK/OMPI_COMM_WORLD_SIZE")
    #expect(throws: PipelineError.self) {
      try ShardEnvironment(["RANK": "4", "WORLD_SIZE": "4"])
    }
  }
}
