import Kernels
import Testing

/// (M21) The mask of a stream, and streams whose address grows part by part.
@Suite struct MaskTests {
  @Test func `a longer address gives the stream of the whole address`() {
    let parts = RandomStream(seed: 5, .dropout).substream(3).substream(-1).substream(7)
    let whole = RandomStream(seed: 5, .dropout, 3, -1, 7)
    #expect((0..<20).map { parts[$0] } == (0..<20).map { whole[$0] })
    #expect(parts[0] != RandomStream(seed: 5, .dropout, -1, 3, 7)[0])
  }

  @Test(arguments: [1e-9, 0.25, 0.5, 0.9, 1 - 0x1p-53, 1])
  func `a mask is 1[r < keep]/keep in either precision`(keep: Double) {
    let stream = RandomStream(seed: 2, .dropout, 1)
    let (single, double) = (Arena<Float>(count: 5000).all, Arena<Double>(count: 5000).all)
    stream.fillMask(single, keep: keep)
    stream.fillMask(double, keep: keep)
    let expected = (0..<5000).map { stream.uniform($0) < keep ? 1 / keep : 0 }
    #expect(double.array == expected)
    #expect(single.array == expected.map { Float($0) })
  }

  @Test func `a probability that is a random number itself does not keep its unit`() {
    let stream = RandomStream(seed: 2, .dropout, 1)
    let mask = Arena<Double>(count: 10).all
    stream.fillMask(mask, keep: stream.uniform(4))
    #expect(mask[4] == 0)
    stream.fillMask(mask, keep: stream.uniform(4).nextUp)
    #expect(mask[4] != 0)
  }
}
