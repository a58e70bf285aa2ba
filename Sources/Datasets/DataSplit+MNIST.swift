extension DataSplit {
  /// Reads MNIST, or a data set in its files such as Fashion-MNIST.
  ///
  /// The directory holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and
  /// `t10k-labels-idx1-ubyte`, each also with `.gz`, and also as `train-images.idx3-ubyte` and so on. Of two forms of a
  /// file the uncompressed one is taken; it is mapped, not copied.
  ///
  /// - Throws: ``DatasetError``: `missing` if the directory or a file is, `content` if a file is damaged, images and
  ///   labels differ in number, or a label is above 9.
  public static func mnist(directory: String) throws(DatasetError) -> DataSplit {
    switch try SystemFile.sort(of: directory) {
    case .directory: break
    case .nothing:
      throw .missing(directory, "does not exist", remedy: "give the directory of the four MNIST files")
    case .file, .stream:
      throw .missing(directory, "is not a directory", remedy: "give the directory of the four MNIST files")
    }
    let parts = ["train-images", "train-labels", "t10k-images", "t10k-labels"]
    var paths: [String] = []
    var absent: [String] = []
    for part in parts {
      if let path = try find(part, in: directory) { paths.append(path) } else { absent.append(fileNames(part)[0]) }
    }
    guard absent.isEmpty else {
      throw .missing(
        directory, "holds no \(absent.joined(separator: ", ")) (nor .gz of it)",
        remedy: "put all four MNIST files there")
    }
    let training = try dataset(images: paths[0], labels: paths[1])
    let test = try dataset(images: paths[2], labels: paths[3])
    guard training.shape == test.shape else {
      throw .content(
        paths[2], "has images of \(size(test)) pixels, those of the training set have \(size(training))",
        remedy: "put the four files of one data set there")
    }
    return DataSplit(training: training.all, test: test.all)
  }

  private static func dataset(images imagePath: String, labels labelPath: String) throws(DatasetError) -> Dataset {
    let images = try IDXFile(imagePath, rank: 3)
    let labels = try IDXFile(labelPath, rank: 1)
    let count = images.dimensions[0]
    guard count == labels.dimensions[0] else {
      throw .content(
        labelPath, "holds \(labels.dimensions[0]) labels for the \(count) images of \(imagePath)",
        remedy: "put images and labels of one data set there")
    }
    let classes = unsafe labels.storage.withBytes(labels.offset..<labels.offset + count) { unsafe $0.map(Int32.init) }
    if let sample = classes.firstIndex(where: { $0 > 9 }) {
      throw .content(
        labelPath, sample: sample, "the label is \(classes[sample]), but the classes are 0 to 9",
        remedy: DatasetError.replaceDamaged)
    }
    let shape = Array(images.dimensions[1...])
    let rows = ByteRows(images.storage, offset: images.offset, columns: shape[0] * shape[1], count: count)
    return Dataset(
      source: imagePath, shape: shape, samples: .bytes([rows]),
      targets: .classes(classes, names: (0...9).map(String.init)))
  }

  private static func size(_ dataset: Dataset) -> String { "\(dataset.shape[0])×\(dataset.shape[1])" }

  private static func find(_ part: String, in directory: String) throws(DatasetError) -> String? {
    for name in fileNames(part) {
      let path = directory + "/" + name
      if try SystemFile.sort(of: path) != .nothing { return path }
    }
    return nil
  }

  private static func fileNames(_ part: String) -> [String] {
    let ending = part.hasSuffix("images") ? "idx3-ubyte" : "idx1-ubyte"
    let names = ["\(part)-\(ending)", "\(part).\(ending)"]
    return names + names.map { $0 + ".gz" }
  }
}
