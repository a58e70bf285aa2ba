/// A gzip member whose data are stored, not compressed: RFC 1952 and RFC 1951, 3.2.4.
public func gzipped(_ bytes: [UInt8]) -> [UInt8] {
  var file: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
  var start = 0
  repeat {
    let end = min(start + 65535, bytes.count)
    let count = end - start
    file.append(end == bytes.count ? 1 : 0)
    file += [UInt8(count & 0xff), UInt8(count >> 8), ~UInt8(count & 0xff), ~UInt8(count >> 8)]
    file += bytes[start..<end]
    start = end
  } while start < bytes.count
  for word in [crc32(bytes), UInt32(bytes.count)] {
    for shift in stride(from: 0, to: 32, by: 8) { file.append(UInt8(truncatingIfNeeded: word >> shift)) }
  }
  return file
}

private func crc32(_ bytes: [UInt8]) -> UInt32 {
  var crc = ~UInt32(0)
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xedb8_8320 : crc >> 1 }
  }
  return ~crc
}

/// An IDX file of unsigned bytes.
public func idx(_ dimensions: [UInt32], _ values: [UInt8], type: UInt8 = 8) -> [UInt8] {
  let sizes = dimensions.flatMap { size in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } }
  return [0, 0, type, UInt8(dimensions.count)] + sizes + values
}

/// CIFAR-10 records: pixel j of record i is (label + i + j) mod 256.
public func cifarRecords(labels: [UInt8]) -> [UInt8] {
  labels.enumerated().flatMap { i, label in
    [label] + (0..<3072).map { UInt8(truncatingIfNeeded: Int(label) + i + $0) }
  }
}

/// A ustar archive of these files.
public func tar(_ files: [(name: String, bytes: [UInt8])], endMark: Bool = true) -> [UInt8] {
  var archive: [UInt8] = []
  for (name, bytes) in files {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, _ offset: Int) {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    func octal(_ number: Int, _ width: Int) -> String {
      let digits = String(number, radix: 8)
      return String(repeating: "0", count: width - digits.count) + digits
    }
    put(name, 0)
    put("0000644", 100)
    put(octal(bytes.count, 11), 124)
    put("        ", 148)
    put("0", 156)
    put("ustar", 257)
    put("00", 263)
    put(octal(header.reduce(0) { $0 + Int($1) }, 6), 148)
    header[154] = 0
    archive += header + bytes
    archive += [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
  }
  return archive + [UInt8](repeating: 0, count: endMark ? 1024 : 0)
}
