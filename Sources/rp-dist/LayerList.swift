private import Foundation
internal import Networks

/// Layers of a list such as `dense,tanh,dense`; the sizes of dense layers come from the model's tensors, and dropout is
/// off whatever it keeps.
///
/// - Parameters:
///   - option: where the list was given, for messages.
/// - Throws: `UnknownName`.
func layerList(_ list: String, option: String) throws(UnknownName) -> [LayerConfiguration] {
  var layers: [LayerConfiguration] = []
  for item in list.split(separator: ",") {
    let name = item.trimmingCharacters(in: .whitespaces)
    switch name {
    case "dense": layers.append(.dense(inputs: nil, outputs: 1))
    case "batchNorm": layers.append(.batchNorm)
    case "dropout": layers.append(.dropout(keep: 1))
    default:
      guard let activation = Activation(rawValue: name) else {
        throw UnknownName(name, among: LayerConfiguration.names, kind: "layer in \(option)")
      }
      layers.append(.activation(activation))
    }
  }
  return layers
}
