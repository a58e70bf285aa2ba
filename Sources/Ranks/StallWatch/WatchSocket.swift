private import Glibc

/// A datagram socket over which the watches of the ranks communicate, independently of MPI. IPv4.
final class WatchSocket: Sendable {
  /// The source or destination of a datagram.
  struct Place: Hashable, Sendable {
    /// The four bytes of the address, as `inet_addr` returns them.
    var address: UInt32
    var port: UInt16
  }

  private let handle: CInt
  let port: UInt16

  /// Binds a free port on all interfaces; nil where the system gives none.
  init?() {
    handle = socket(AF_INET, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard handle >= 0 else { return nil }
    var room: CInt = 1 << 20
    unsafe setsockopt(handle, SOL_SOCKET, SO_RCVBUF, &room, socklen_t(MemoryLayout<CInt>.size))
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let (socket, size) = (handle, length)
    let isBound = unsafe withUnsafeMutablePointer(to: &name) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(socket, $0, size) == 0 && getsockname(socket, $0, &length) == 0
      }
    }
    port = UInt16(bigEndian: name.sin_port)
    guard isBound else {
      close(handle)
      return nil
    }
  }

  deinit { close(handle) }

  /// The addresses of this machine's interfaces, without the loopback interface.
  static var addresses: [UInt32] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard unsafe getifaddrs(&list) == 0 else { return [] }
    defer { unsafe freeifaddrs(list) }
    var found: [UInt32] = []
    var next = unsafe list
    while let interface = unsafe next?.pointee {
      if let address = unsafe interface.ifa_addr, unsafe address.pointee.sa_family == sa_family_t(AF_INET),
        unsafe interface.ifa_flags & UInt32(IFF_LOOPBACK) == 0
      {
        let number = unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
          unsafe $0.pointee.sin_addr.s_addr
        }
        found.append(number)
      }
      unsafe next = interface.ifa_next
    }
    return found
  }

  /// 127.0.0.1
  static var loopback: UInt32 { UInt32(0x7f00_0001).bigEndian }

  /// Sends a datagram, which may be lost.
  func send(_ bytes: [UInt8], to place: Place) {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = place.port.bigEndian
    name.sin_addr.s_addr = place.address
    let socket = handle
    unsafe withUnsafePointer(to: &name) { pointer in
      _ = unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe sendto(
          socket, bytes, bytes.count, CInt(MSG_DONTWAIT), $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// The next datagram and its sender; nil where none arrives in time.
  ///
  /// - Parameter milliseconds: the time to wait; 0 returns only a datagram that is already there.
  func receive(milliseconds: Int) -> (bytes: [UInt8], from: Place)? {
    var waiting = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
    guard unsafe poll(&waiting, 1, CInt(milliseconds)) > 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: 512)
    var name = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let socket = handle
    let count = unsafe withUnsafeMutablePointer(to: &name) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe recvfrom(socket, &bytes, bytes.count, CInt(MSG_DONTWAIT), $0, &length)
      }
    }
    guard count >= 0 else { return nil }
    bytes.removeLast(bytes.count - count)
    return (bytes, Place(address: name.sin_addr.s_addr, port: UInt16(bigEndian: name.sin_port)))
  }
}

/// A message between the watches of two ranks, in one datagram.
public enum WatchMessage: Equatable {
  case question
  case answer(RankState)

  /// - Parameters:
  ///   - job: distinguishes the datagrams of this job from others that arrive at the same port.
  ///   - rank: the sender.
  public func bytes(job: UInt64, rank: Int) -> [UInt8] {
    var fields = ["rp-dist", String(job, radix: 16), String(rank)]
    if case .answer(let state) = self {
      fields += [String(state.calls), String(state.step), String(state.phase.rawValue), state.operation ?? ""]
    }
    return Array(fields.joined(separator: "\t").utf8)
  }

  /// The content of a datagram; nil where the datagram does not belong to this job.
  public static func read(_ bytes: some Collection<UInt8>, job: UInt64, ranks: Int) -> (
    rank: Int, message: WatchMessage
  )? {
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: "\t", omittingEmptySubsequences: false)
    guard fields.count == 3 || fields.count == 7, fields[0] == "rp-dist", UInt64(fields[1], radix: 16) == job,
      let rank = Int(fields[2]), (0..<ranks).contains(rank)
    else { return nil }
    if fields.count == 3 { return (rank, .question) }
    guard let calls = Int(fields[3]), let step = Int(fields[4]), let phase = Int(fields[5]).flatMap(RunPhase.init),
      fields[6].allSatisfy({ $0.isASCII && ($0.isLetter || $0 == "_") })
    else { return nil }
    let operation = fields[6].isEmpty ? nil : String(fields[6])
    return (rank, .answer(RankState(calls: calls, operation: operation, step: step, phase: phase)))
  }
}
