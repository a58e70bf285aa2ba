internal import TestSupport

/// Four small files in MNIST's format: three training and two test images of 2×2 pixels.
enum SmallMNIST {
  static let trainImages = idx([3, 2, 2], [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 255])
  static let trainLabels = idx([3], [5, 0, 9])
  static let testImages = idx([2, 2, 2], [7, 7, 7, 7, 9, 8, 7, 6])
  static let testLabels = idx([2], [1, 2])

  /// Writes the files, some of them replaced or left out.
  static func write(
    to directory: ScratchDirectory, replacing files: [String: [UInt8]] = [:], without absent: [String] = []
  ) throws {
    let good = [
      "train-images-idx3-ubyte": trainImages, "train-labels-idx1-ubyte": trainLabels,
      "t10k-images-idx3-ubyte": testImages, "t10k-labels-idx1-ubyte": testLabels,
    ]
    for (name, bytes) in good.merging(files, uniquingKeysWith: { $1 }) where !absent.contains(name) {
      try directory.write(name, bytes)
    }
  }
}
