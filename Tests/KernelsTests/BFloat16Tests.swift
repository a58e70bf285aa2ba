import Foundation
import Kernels
import Testing

/// Rounding to bfloat16 against an oracle that knows nothing of bits: it looks for the nearest of all numbers.
struct BFloat16Tests {
  /// All finite numbers that are not negative, in order: the one of index k has the bits k.
  private static let numbers = (0..<0x7f80).map { Double(Float(bitPattern: UInt32($0) << 16)) }

  /// The bits of the nearest number, of two the one with even bits; beyond the greatest by half a place: infinity.
  private static func nearest(_ value: Float) -> UInt16 {
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    let magnitude = Double(value.magnitude)
    var (low, high) = (0, numbers.count)
    // The last number that is not greater.
    while high - low > 1 {
      let middle = (low + high) / 2
      if numbers[middle] <= magnitude { low = middle } else { high = middle }
    }
    let above = low + 1 < numbers.count ? numbers[low + 1] : 0x1p128
    let (down, up) = (magnitude - numbers[low], above - magnitude)
    let isUp = up < down || (up == down && low % 2 == 1)
    return sign | UInt16(isUp ? low + 1 : low)
  }

  private func rounded(_ values: [Float]) -> [UInt16] {
    let vector = Arena<Float>(count: values.count).all
    vector.copy(from: values)
    let array = BFloat16Array(count: values.count)
    array.round(vector)
    return array.bits
  }

  @Test func `a Float is rounded to the nearest number, ties to even bits`() {
    var values: [Float] = [0, -0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .greatestFiniteMagnitude, 1, -1]
    // Around every number: itself, its neighbours, and half a place above it with its neighbours.
    for bits in stride(from: UInt32(0), to: 0x7f80, by: 7) {
      for below in [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff] as [UInt32] {
        values.append(Float(bitPattern: bits << 16 | below))
        values.append(-Float(bitPattern: bits << 16 | below))
      }
    }
    // The greatest number and what rounds to infinity.
    for below in [0x7fff, 0x8000, 0xffff] as [UInt32] { values.append(Float(bitPattern: 0x7f7f << 16 | below)) }
    let stream = RandomStream(seed: 3, .benchmark)
    for k in 0..<20000 {
      let value = Float(bitPattern: UInt32(truncatingIfNeeded: stream[k]))
      if value.isFinite { values.append(value) }
    }
    let (bits, expected) = (rounded(values), values.map(Self.nearest))
    #expect(bits.count == expected.count)
    let wrong = values.indices.filter { bits[$0] != expected[$0] }
    #expect(wrong.isEmpty, "\(wrong.first.map { "\(values[$0])" } ?? "")")
    // Truncation would not pass.
    #expect(zip(values, expected).contains { UInt16($0.bitPattern >> 16) != $1 })
  }

  @Test func `infinities stay, and a NaN stays one whatever its payload`() {
    #expect(rounded([.infinity, -.infinity]) == [0x7f80, 0xff80])
    let payloads: [UInt32] = [0x7f80_0001, 0x7f80_ffff, 0x7fff_ffff, 0xff80_0001, 0xffff_8000, 0x7fc0_0000]
    for bits in rounded(payloads.map { Float(bitPattern: $0) }) { #expect(bits & 0x7f80 == 0x7f80 && bits & 0x7f != 0) }
  }

  @Test func `every number is widened to itself and rounded back`() {
    let all = (UInt16.min...UInt16.max).filter { $0 & 0x7fff <= 0x7f80 }
    let array = BFloat16Array(count: all.count)
    array.bits = all
    let values = Arena<Float>(count: all.count).all
    array.widen(into: values)
    #expect(values.array.map(\.bitPattern) == all.map { UInt32($0) << 16 })
    #expect(rounded(values.array) == all)
  }

  @Test(arguments: [0, 1, 3, 15, 16, 17, 31, 33, 1000, 1025]) func `the bits do not depend on the place in an array`(
    count: Int
  ) {
    let stream = RandomStream(seed: 5, .benchmark)
    let values = (0..<count).map { Float(stream.normal($0)) }
    #expect(rounded(values) == values.flatMap { rounded([$0]) })
  }

  @Test(arguments: [1, 2, 3, 8], [1, 17, 1024, 2500]) func `sums are added in Float in order and rounded once`(
    parts: Int, count: Int
  ) {
    let stream = RandomStream(seed: 7, .benchmark)
    let addends = BFloat16Array(count: parts * count + 3)
    addends.bits = rounded((0..<addends.count).map { Float(stream.uniform($0)) })
    let sums = BFloat16Array(count: count + 2)
    sums.setSums(1..<count + 1, of: addends, parts: parts)
    let floats = addends.bits.map { Float(bitPattern: UInt32($0) << 16) }
    let exact = (0..<count).map { k in (0..<parts).reduce(Float(0)) { $0 + floats[$1 * count + k] } }
    #expect(sums.bits == [0] + exact.map(Self.nearest) + [0])
  }

  @Test func `an exchange cuts a vector into parts that follow one another`() {
    let exchange = BFloat16Exchange(elements: 11)
    exchange.prepare(count: 11, rank: 1, ranks: 3)
    #expect(exchange.starts == [0, 3, 7] && exchange.counts == [3, 4, 4])
    #expect(exchange.part == 3..<7 && exchange.places == [0, 4, 8] && exchange.lengths == [4, 4, 4])
    #expect(exchange.gathered.count == 12)
    let array = exchange.gathered
    exchange.prepare(count: 11, rank: 1, ranks: 3)
    #expect(exchange.gathered === array)
  }
}
