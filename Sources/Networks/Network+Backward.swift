internal import Kernels

/// The backward pass through the plan.
extension Network {
  /// (M8, M10, M13) Passes Ẏ and Z back from a boundary to every boundary below, as far down as a layer with parameters
  /// needs them.
  ///
  /// - Parameters:
  ///   - wantsCurvature: whether Z is wanted; the total gradients must then be there.
  ///   - signals: returns the memory of Ẏ and Z at a boundary. A layer that works in place gets a copy where the memory
  ///     below differs from the memory above.
  ///   - visit: called for each layer when the signals above it are complete, before the layer passes them back.
  ///   - passBack: lets the layer write Ẏ and Z below it.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func walkBack(
    from boundary: Int, inputs: Matrix<Scalar>, parameters: Vector<Scalar>, bound: Bound, wantsCurvature: Bool,
    signals: (_ boundary: Int) -> Sensitivity<Scalar>,
    visit: (_ step: Int, _ site: Site<Scalar>, _ layer: any Layer<Scalar>) -> Void,
    passBack: (_ layer: any Layer<Scalar>, _ site: Site<Scalar>) throws -> Void
  ) throws {
    for step in (0..<boundary).reversed() where links[step].carriesAbove {
      let (input, above) = (links[step].input, signals(step + 1))
      guard let layer = layers[step] else {
        passBackSum(step, above, signals)
        continue
      }
      let u = wantsCurvature ? totalGradient(at: input, rows: inputs.rows) : nil
      func site(below: Sensitivity<Scalar>, above: Sensitivity<Scalar>) -> Site<Scalar> {
        self.site(
          step, parameters, bound,
          below: SiteSignals(y: value(at: input, inputs), u: u, yDot: below.yDot, z: below.z, tangent: nil),
          above: SiteSignals(y: value(at: step + 1, inputs), u: nil, yDot: above.yDot, z: above.z, tangent: nil))
      }
      let below = signals(input)
      visit(step, site(below: below, above: above), layer)
      guard links[step].carriesBelow else { continue }
      let writes = links[step].writesInput
      let target = writes ? below : edge(below)
      let ofZ = isProbe ? above.z?.elements.largestExponent : nil
      if links[step].worksInPlace {
        if !target.yDot.isSameMemory(as: above.yDot) { target.copy(from: above) }
        try passBack(layer, site(below: target, above: target))
      } else {
        try passBack(layer, site(below: target, above: above))
      }
      if isProbe, let z = target.z { limitFade(z, at: step, from: ofZ) }
      settle(target.z, from: step, to: input, beside: writes ? nil : below.z)
      if !writes { below.add(target) }
    }
  }

  /// Passes Ẏ and Z of a sum to both boundaries below it. The boundary of the branch shares the memory of the signals
  /// above, or gets a copy.
  private func passBackSum(
    _ step: Int, _ above: Sensitivity<Scalar>, _ signals: (_ boundary: Int) -> Sensitivity<Scalar>
  ) {
    func pass(to boundary: Int, writes: Bool) {
      let below = signals(boundary)
      if below.yDot.isSameMemory(as: above.yDot) { return shareExponent(above: step, with: boundary) }
      let target = writes ? below : edge(below)
      target.copy(from: above)
      settle(target.z, from: step, to: boundary, beside: writes ? nil : below.z)
      if !writes { below.add(target) }
    }
    pass(to: links[step].input, writes: links[step].writesInput)
    if let other = links[step].other, carriesTotalGradient[other] { pass(to: other, writes: links[step].writesOther) }
  }

  /// Memory in which signals are written before they are added to those below.
  private func edge(_ below: Sensitivity<Scalar>) -> Sensitivity<Scalar> {
    func matrix(_ edge: Vector<Scalar>) -> Matrix<Scalar> {
      edge[0..<below.yDot.elements.count].matrix(rows: below.yDot.rows, columns: below.yDot.columns)
    }
    return Sensitivity(yDot: matrix(edges.yDot), z: below.z == nil ? nil : matrix(edges.z))
  }

  /// Ẏ and Z at a boundary, for this rank's rows.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func sensitivity(at boundary: Int, rows: Int, _ wantsCurvature: Bool) -> Sensitivity<Scalar> {
    guard carriesTotalGradient[boundary] else { return Sensitivity(yDot: none, z: nil) }
    return Sensitivity(yDot: own(yDots[boundary], rows), z: wantsCurvature ? own(zs[boundary], rows) : nil)
  }
}

extension Sensitivity {
  /// Overwrites the signals with others; Z only where both have it.
  fileprivate func copy(from other: Sensitivity) {
    yDot.elements.copy(from: other.yDot.elements)
    if let z, let addend = other.z { z.elements.copy(from: addend.elements) }
  }

  /// Adds other signals to these; Z only where both have it.
  fileprivate func add(_ other: Sensitivity) {
    yDot.elements.add(other.yDot.elements)
    if let z, let addend = other.z { z.elements.add(addend.elements) }
  }
}
