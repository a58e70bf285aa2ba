public import Kernels

extension OptimizerState: Resumable {
  public func exchange(with state: any StateExchange) throws {
    if let first { try state.array("first", first.all) }
    if let second { try state.array("second", second.all) }
    try state.number("firstUpdates", &firstUpdates)
    try state.number("secondUpdates", &secondUpdates)
    try state.numbers("blockSquares", &blockSquares)
    if let distance { try state.part("distance", distance.exchange) }
  }
}

extension DistanceEstimate: Resumable {
  public func exchange(with state: any StateExchange) throws {
    try state.array("origin", origin.all)
    try state.array("sums", sums.all)
    try state.number("updates", &updates)
    try state.numbers("products", &products)
    try state.numbers("distances", &distances)
    try state.number("distance", &distance)
  }
}

extension TrustRatio: Resumable {
  public mutating func exchange(with state: any StateExchange) throws { try state.number("rate", &rate) }
}
