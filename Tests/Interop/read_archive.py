#!/usr/bin/env python3
"""Reads an archive of neox-index pack by Documentation/archive.md, without this project's code.

usage: read_archive.py FILE FOLDER      writes its files into a folder, and compares all hashes

It needs the C libraries zstd, lz4 and xxhash, and nothing else.
"""
import ctypes
import ctypes.util
import itertools
import struct
import sys


def library(name, function, result, arguments):
    call = getattr(ctypes.CDLL(ctypes.util.find_library(name)), function)
    call.restype, call.argtypes = result, arguments
    return call


SIZE, BYTES = ctypes.c_size_t, ctypes.c_char_p
zstd = library("zstd", "ZSTD_decompress", SIZE, [BYTES, SIZE, BYTES, SIZE])
lz4 = library("lz4", "LZ4_decompress_safe", ctypes.c_int, [BYTES, BYTES, ctypes.c_int, ctypes.c_int])
xxh64 = library("xxhash", "XXH64", ctypes.c_uint64, [BYTES, SIZE, ctypes.c_uint64])


def digest(data):
    return xxh64(bytes(data), len(data), 0)


def decompress(payload, codec, size):
    if codec == 0:
        return payload
    target = ctypes.create_string_buffer(size)
    found = (zstd(target, size, payload, len(payload)) if codec == 1
             else lz4(payload, target, len(payload), size))
    assert found == size, f"{found} bytes where {size} are expected"
    return target.raw


def unfilter(data, kind, width):
    if kind == 0:
        return data
    count = len(data) // width
    out = bytearray(data)  # the bytes behind the last whole number stay where they are
    for plane in range(width):
        out[plane:count * width:width] = data[plane * count:(plane + 1) * count]
    if kind == 2:
        form = f"<{count}{ {2: 'H', 4: 'I', 8: 'Q'}[width] }"
        mask = (1 << 8 * width) - 1
        numbers = itertools.accumulate(struct.unpack_from(form, out), lambda a, b: (a + b) & mask)
        struct.pack_into(form, out, 0, *numbers)
    return bytes(out)


def text(data, place):
    size, = struct.unpack_from("<H", data, place)
    return data[place + 2:place + 2 + size].decode(), place + 2 + size


def members(archive):
    """Yields the name and the bytes of each member."""
    header, footer = archive[:16], archive[-48:]
    start, size, blocks, hash, own = struct.unpack_from("<5Q", footer)
    assert header[:12] == b"NEOXPACK\1\0\0\0" and footer[40:] == b"NEOXPEND"
    assert own == digest(footer[:32]) and start + size + 20 * blocks + 48 == len(archive)
    assert hash == digest(header + archive[start:-48])
    contents = archive[start:start + size]
    table = struct.iter_unpack("<IIBBBxQ", archive[start + size:-48])
    dataset, place = text(contents, 0)
    count, = struct.unpack_from("<I", contents, place)
    place, payload = place + 4, 16
    for _ in range(count):
        replaced, place = text(contents, place)
        ending, place = text(contents, place)
        length, whole, number = struct.unpack_from("<3Q", contents, place)
        place += 24
        assert dataset.endswith(replaced) and "/" not in ending
        data = bytearray()
        for packed, raw, codec, kind, width, hash in itertools.islice(table, number):
            block = decompress(archive[payload:payload + packed], codec, raw)
            block = unfilter(block, kind, width)
            assert digest(block) == hash
            data += block
            payload += packed
        assert len(data) == length and digest(data) == whole
        yield dataset[:len(dataset) - len(replaced)] + ending, data


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        for name, data in members(file.read()):
            with open(f"{sys.argv[2]}/{name}", "xb") as target:
                target.write(data)
            print(name, len(data))
