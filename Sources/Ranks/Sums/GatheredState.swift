package import Kernels

/// The state of a training whose ranks share memory: of every array a rank has the elements that it moves, and the
/// checkpoint gets all of them.
///
/// Nothing is added up: numbers are moved, so that −0 and the bits of a NaN stay what they are. What is taken back is the
/// whole array on every rank, which then uses its part, whatever parts there are now.
package final class GatheredState<Element: Real>: StateExchange {
  private let memory: NodeMemory<Element>
  private let state: any StateExchange

  package init(_ memory: NodeMemory<Element>, _ state: any StateExchange) {
    (self.memory, self.state) = (memory, state)
  }

  package var isTaking: Bool { state.isTaking }
  package var prefix: String {
    get { state.prefix }
    set { state.prefix = newValue }
  }

  package func array<Scalar: Real>(_ name: String, _ values: Vector<Scalar>) throws {
    if !isTaking { try memory.gather(values) }
    try state.array(name, values)
  }

  package func numbers(_ name: String, _ values: inout [Int]) throws { try state.numbers(name, &values) }
  package func numbers(_ name: String, _ values: inout [Double]) throws { try state.numbers(name, &values) }

  package func parameters<Scalar: Real>(_ blocks: [StateBlock], _ values: Vector<Scalar>) throws {
    try state.parameters(blocks, values)
  }
}
