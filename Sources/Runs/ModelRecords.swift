internal import Datasets
private import Foundation
package import Kernels
package import RunRecords
package import Training

extension InputMap {
  /// The map as JSON, the form in model files.
  package var json: String { get throws { try jsonText(self) } }

  /// The map that a model file holds.
  init(json: String) throws { self = try JSONDecoder().decode(InputMap.self, from: Data(json.utf8)) }
}

extension DataSplit {
  /// Distinguishes data sets without reading all of a large one: sizes, labels or target values, and fewer than 1,000
  /// samples spread over each part. It uses the noisy labels: ranks that drew different noise have different data.
  package var digest: String {
    var numbers: [Double] = []
    for subset in [training, test, validation].compactMap(\.self) {
      numbers += [subset.count, subset.features, subset.classes, subset.targetColumns].map { Double($0) }
      for position in 0..<subset.count {
        if subset.classes > 0 {
          numbers.append(Double(subset.label(at: position)))
        } else {
          numbers += subset.target(at: position)
        }
      }
      for position in stride(from: 0, to: subset.count, by: max(1, subset.count / 500)) {
        numbers += subset.dataset.values(of: subset.id(at: position))
      }
    }
    let hash = Fingerprint()
    unsafe numbers.withUnsafeBytes { unsafe hash.add($0) }
    return hash.hexadecimal
  }

  /// The SHA-256 of the features and labels or target values, training set before test set. It uses the true labels: it
  /// identifies the data, whatever the noise in training.
  package var fingerprint: String {
    let hash = Fingerprint()
    unsafe (trueTraining ?? training).dataset.forEachChunk { unsafe hash.add($0) }
    unsafe test.dataset.forEachChunk { unsafe hash.add($0) }
    return hash.hexadecimal
  }
}

/// The networks of a training in the form in which they are written.
package struct Models<Scalar: Real> {
  let teacher: ModelFile<Scalar>
  let student: ModelFile<Scalar>?

  package init(_ loop: TrainingLoop<Scalar>, scaling: String) {
    func model(_ step: TrainingStep<Scalar>) -> ModelFile<Scalar> {
      ModelFile(network: step.network, parameters: step.parameters, scaling: scaling)
    }
    teacher = model(loop.step)
    student = (loop.learning?.evaluated?.step).map(model)
  }

  /// The metadata of the model files.
  package var metadata: [CollectedState.File: [String: String]] {
    var metadata = [CollectedState.File.model: teacher.metadata]
    metadata[.student] = student?.metadata
    return metadata
  }
}
