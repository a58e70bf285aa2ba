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
    layers.append(try .named(item.trimmingCharacters(in: .whitespaces), in: option))
  }
  return layers
}
