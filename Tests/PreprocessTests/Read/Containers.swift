import CArchive
import Testing

/// Compressed data and archives, made in memory.
enum Containers {
  enum Compression: String, CaseIterable {
    case gzip = "gz"
    case zstd = "zst"
    case lz4
    case xz
    case bzip2 = "bz2"
  }

  static func compressed(_ bytes: [UInt8], _ compression: Compression) throws -> [UInt8] {
    try written(sizeHint: bytes.count) { archive in
      switch compression {
      case .gzip: archive_write_add_filter_gzip(archive)
      case .zstd: archive_write_add_filter_zstd(archive)
      case .lz4: archive_write_add_filter_lz4(archive)
      case .xz: archive_write_add_filter_xz(archive)
      case .bzip2: archive_write_add_filter_bzip2(archive)
      }
      archive_write_set_format_raw(archive)
      // No padding of the last block, as no tool pads a plain compressed file.
      archive_write_set_bytes_in_last_block(archive, 1)
    } members: {
      [("data", bytes)]
    }
  }

  static func tar(_ members: [(String, [UInt8])]) throws -> [UInt8] {
    try written(sizeHint: members.reduce(0) { $0 + $1.1.count + 4096 }) {
      archive_write_set_format_pax_restricted($0)
    } members: {
      members
    }
  }

  static func zip(_ members: [(String, [UInt8])], password: String? = nil) throws -> [UInt8] {
    try written(sizeHint: members.reduce(0) { $0 + $1.1.count + 4096 }) {
      archive_write_set_format_zip($0)
      if let password {
        archive_write_set_options($0, "zip:encryption=traditional")
        archive_write_set_passphrase($0, password)
      }
    } members: {
      members
    }
  }

  private static func written(
    sizeHint: Int, _ configure: (OpaquePointer) -> Void, members: () -> [(String, [UInt8])]
  ) throws -> [UInt8] {
    let archive = try #require(archive_write_new())
    defer { archive_write_free(archive) }
    configure(archive)
    var buffer = [UInt8](repeating: 0, count: sizeHint + sizeHint / 8 + (1 << 16))
    var used = 0
    try buffer.withUnsafeMutableBytes { memory in
      try #require(
        archive_write_open_memory(archive, memory.baseAddress, memory.count, &used) == ARCHIVE_OK)
      for (name, bytes) in members() {
        let entry = try #require(archive_entry_new())
        defer { archive_entry_free(entry) }
        archive_entry_set_pathname(entry, name)
        archive_entry_set_filetype(entry, name.hasSuffix("/") ? 0o040000 : 0o100000)
        archive_entry_set_perm(entry, 0o644)
        archive_entry_set_size(entry, Int64(bytes.count))
        try #require(archive_write_header(archive, entry) == ARCHIVE_OK)
        if !bytes.isEmpty {
          try #require(archive_write_data(archive, bytes, bytes.count) == bytes.count)
        }
      }
      try #require(archive_write_close(archive) == ARCHIVE_OK)
    }
    return Array(buffer[..<used])
  }
}
