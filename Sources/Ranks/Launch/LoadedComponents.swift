private import Foundation

/// The shared libraries that a process has loaded. They show which transport Open MPI chose, because it unloads the
/// components that it did not choose.
package struct LoadedComponents {
  /// The paths of the libraries, each once.
  let libraries: [String]

  /// - Parameter maps: the text of `/proc/self/maps`.
  init(maps: String) {
    var seen: Set<Substring> = []
    libraries = maps.split(separator: "\n").compactMap { line in
      guard let slash = line.firstIndex(of: "/") else { return nil }
      let path = line[slash...]
      return path.contains(".so") && seen.insert(path).inserted ? String(path) : nil
    }
  }

  package static var ofThisProcess: LoadedComponents {
    var maps = Data()
    // The system delivers this file in pieces and reports its size as 0.
    if let file = FileHandle(forReadingAtPath: "/proc/self/maps") {
      while let part = try? file.read(upToCount: 1 << 16), !part.isEmpty { maps += part }
    }
    return LoadedComponents(maps: String(decoding: maps, as: UTF8.self))
  }

  /// The names of the loaded components of an Open MPI framework, such as `vader` and `tcp` of `btl`.
  func names(_ framework: String) -> [String] {
    libraries.compactMap { path in
      let file = path.split(separator: "/").last ?? ""
      let prefix = "mca_\(framework)_"
      return file.hasPrefix(prefix) ? file.dropFirst(prefix.count).split(separator: ".").first.map(String.init) : nil
    }.sorted()
  }

  /// Whether messages to other machines can only go over TCP.
  var connectsByTCP: Bool {
    names("pml").contains("ob1") && !names("pml").contains("ucx") && names("mtl").isEmpty
      && Set(names("btl")).subtracting(["self", "sm", "vader"]) == ["tcp"]
  }

  /// The transport of messages, in Open MPI's words: `ob1 over self, tcp, vader`; empty where it cannot be determined.
  package var transport: String {
    let layers = names("pml").filter { !["v", "monitoring"].contains($0) }
    // Here `sm` is one-sided memory inside a machine; it carries no messages.
    let ways = (names("btl") + names("mtl")).filter { $0 != "sm" || !names("btl").contains("vader") }
    guard !layers.isEmpty || !ways.isEmpty else { return "" }
    return layers.joined(separator: ", ") + (ways.isEmpty ? "" : " over " + ways.joined(separator: ", "))
  }
}
