import CCallCounts
internal import Configurations
import Datasets
import Foundation
import Kernels
import MPI
import Networks
import RunRecords

// Reads files that are wrong in random ways: `fuzz-readers READER COUNT [SEED]`, `fuzz-readers list`.
//
// A reader must read the file or throw one of its own errors, within 10 seconds, without a block of memory that is large
// for the size of the file. A crash leaves the file behind, in the folder that the first line names.

func fail(_ message: String) -> Never {
  FileHandle.standardError.write(Data((message + "\n").utf8))
  exit(1)
}

/// Whether a reader throws such an error for a file, with a message of one line.
func isExpected(_ error: any Error) -> Bool {
  let isOwn =
    error is DatasetError || error is SafetensorsError || error is ConfigurationError || error is NetworkError
    || error is UnreadableFile || error is UnknownName || error is Checkpoint.Damage || error is StateMismatch
  return isOwn && !"\(error)".isEmpty
}

func write(_ bytes: [UInt8], to path: String) {
  guard let file = unsafe fopen(path, "w") else { fail("cannot write \(path)") }
  unsafe bytes.withUnsafeBytes { _ = unsafe fwrite($0.baseAddress, 1, $0.count, file) }
  unsafe fclose(file)
}

let arguments = Launcher.commandLine
if arguments.dropFirst() == ["list"] {
  for reader in try FuzzedReader.all { print(reader.name) }
  exit(0)
}
guard arguments.count >= 3, let reader = try FuzzedReader.all.first(where: { $0.name == arguments[1] }),
  let count = Int(arguments[2])
else { fail("usage: fuzz-readers READER COUNT [SEED]; fuzz-readers list") }
let seed = arguments.count > 3 ? UInt64(arguments[3]) ?? 1 : 1

let shared = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
let folder = shared + "/fuzz-\(reader.name)-\(getpid())"
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
print("\(reader.name): seed \(seed), files in \(folder)")
fflush(nil)

/// A file as it is when nothing is wrong.
func right(_ file: FuzzedReader.File) -> [UInt8] { file.wrap?(file.bytes) ?? file.bytes }
for file in reader.files { write(right(file), to: folder + "/" + file.name) }
do { try reader.read(folder) } catch { fail("the right files are refused: \(error)") }

var mutator = Mutator(seed: seed, words: reader.words)
var (good, largest) = (0, 0)
for _ in 0..<count {
  let file = mutator.pick(reader.files)
  let changed = mutator.mutate(file.bytes)
  let bytes = mutator.chance(8) ? mutator.mutate(file.wrap?(changed) ?? changed) : file.wrap?(changed) ?? changed
  write(bytes, to: folder + "/" + file.name)
  alarm(10)
  allocation_largest_begin()
  do {
    try reader.read(folder)
    good += 1
  } catch {
    guard isExpected(error) else { fail("an error of another kind: \(type(of: error)): \(error)") }
  }
  let block = allocation_largest_end()
  largest = max(largest, block)
  guard block <= 1 << 20 + 64 * reader.expansion * bytes.count else {
    fail("a block of \(block) bytes for a file of \(bytes.count), in \(folder)")
  }
  // Several files of the same name: the one whose turn it is next overwrites it.
  write(right(file), to: folder + "/" + file.name)
}
alarm(0)
try FileManager.default.removeItem(atPath: folder)
print("\(reader.name): \(count) files, \(good) of them readable, largest block \(largest) bytes")
