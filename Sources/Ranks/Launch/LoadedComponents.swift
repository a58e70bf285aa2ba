private import Foundation

/// The shared libraries of a process, from which Open MPI's choice of a transport is read: components that it did not
/// choose are unloaded again.
package struct LoadedComponents {
  /// Paths, each once.
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
    // The system gives such a file in parts, and says that it is empty.
    if let file = FileHandle(forReadingAtPath: "/proc/self/maps") {
      while let part = try? file.read(upToCount: 1 << 16), !part.isEmpty { maps += part }
    }
    return LoadedComponents(maps: String(decoding: maps, as: UTF8.self))
  }

  /// The names of the components of a framework, such as `vader` and `tcp` of `btl`.
  func names(_ framework: String) -> [String] {
    libraries.compactMap { path in
      let file = path.split(separator: "/").last ?? ""
      let prefix = "mca_\(framework)_"
      return file.hasPrefix(prefix) ? file.dropFirst(prefix.count).split(separator: ".").first.map(String.init) : nil
    }.sorted()
  }

  /// Whether TCP is the only way for messages to other machines.
  var connectsByTCP: Bool {
    names("pml").contains("ob1") && !names("pml").contains("ucx") && names("mtl").isEmpty
      && Set(names("btl")).subtracting(["self", "sm", "vader"]) == ["tcp"]
  }

  /// What messages go by, in Open MPI's words: `ob1 over self, tcp, vader`; empty where it cannot be told.
  package var transport: String {
    let layers = names("pml").filter { !["v", "monitoring"].contains($0) }
    // One-sided memory of one machine; no messages go by it.
    let ways = (names("btl") + names("mtl")).filter { $0 != "sm" || !names("btl").contains("vader") }
    guard !layers.isEmpty || !ways.isEmpty else { return "" }
    return layers.joined(separator: ", ") + (ways.isEmpty ? "" : " over " + ways.joined(separator: ", "))
  }
}
