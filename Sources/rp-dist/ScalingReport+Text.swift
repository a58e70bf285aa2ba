internal import Diagnostics

extension ScalingReport {
  /// The report as tables for a person.
  var text: String {
    var parts = [heading]
    for kind in Kind.allCases { parts.append(pointTable(kind)) }
    parts.append(modelText)
    parts.append(projections.isEmpty ? noProjection : projectionText)
    return parts.joined(separator: "\n\n")
  }

  private var heading: String {
    let count = { (number: Int, what: String) in "\(number) \(what)\(number == 1 ? "" : "s")" }
    return "rp-dist \(version): scaling of \(network), \(optimizer), \(precision), batch \(batch), "
      + "\(count(ranks, "rank")) on \(count(hosts.count, "host"))"
      + (statistic == .least ? "; speed-up and model by least times" : "")
  }

  private func pointTable(_ kind: Kind) -> String {
    var table = TextTable([
      "ranks", "hosts", "sums", "load", "step ms", "least", "speed-up", "efficiency", "products", "elementwise",
      "reduction",
      "waiting",
      "model ms", "error",
    ])
    for point in points where point.kind == kind || point.ranks == 1 {
      table.append([
        "\(point.ranks)", "\(point.hosts)", point.sharesMemory ? "node" : "mpi",
        Format.fixed(point.load, 1) + (point.load > 1 ? "*" : " "),
        Format.fixed(1000 * point.step, 3), Format.fixed(1000 * point.least, 3), Format.fixed(point.speedUp, 2),
        Quantity.percent(point.efficiency),
        Quantity.percent(point.shares.products), Quantity.percent(point.shares.elementwise),
        Quantity.percent(point.shares.reduction), Quantity.percent(point.shares.waiting),
        point.predicted.map { Format.fixed(1000 * $0, 3) } ?? "-",
        point.error(statistic).map { Quantity.percent($0, signed: true) } ?? "-",
      ])
    }
    let what = kind == .strong ? "the batch is shared by all ranks" : "every rank has a batch"
    let star = points.contains { $0.load > 1 } ? "; * oversubscribed: ranks for each core" : ""
    return "\(kind.rawValue): \(what)\(star)\n\(table.text)"
  }

  private var modelText: String {
    let costs = [("alone", model.alone), ("together", model.together)].map { name, cost in
      "\(name) (\(cost.ranks)): \(Quantity.seconds(cost.statistics.fixed)) + "
        + "\(Quantity.seconds(cost.statistics.slope)) b, update \(Quantity.seconds(cost.update)), "
        + "fit within \(Quantity.percent(cost.deviation))"
    }
    let links = [("within a node", model.nodeLink), ("between nodes", model.crossLink)].compactMap { name, link in
      link.map { "\(name): \($0.text)" }
    }
    let pieces = model.pieceBytes.map { " in pieces of \(Quantity.bytes($0))" } ?? ""
    let heading = "model: \(Int(model.bytes.rounded())) bytes a step\(pieces), computing"
    return ([heading] + costs + links).joined(separator: "\n  ")
  }

  private var noProjection: String {
    projectedLink == nil
      ? "no prediction for more ranks: there is one host; name a link, for example --link 10Gbit:20us"
      : "no prediction for more ranks: the link within a host was not measured; start two ranks on one, or use "
        + "--ranks-per-node 1"
  }

  private var projectionText: String {
    var table = TextTable([
      "", "ranks", "nodes", "batch", "flat ms", "node ms", "speed-up", "efficiency",
    ])
    for row in projections {
      table.append([
        row.kind.rawValue, "\(row.ranks)", "\(row.nodes)", "\(row.batch)",
        row.flat.map { Format.fixed(1000 * $0, 3) } ?? "-", Format.fixed(1000 * row.hierarchical, 3),
        Format.fixed(row.speedUp, 1), Quantity.percent(row.speedUp / Double(row.ranks)),
      ])
    }
    let errors = points.compactMap { $0.error(statistic)?.magnitude }
    let worst = errors.max().map { "; at the measured points above it is off by up to \(Quantity.percent($0))" } ?? ""
    let link = projectedLink.map { ", link \($0.text)" } ?? ""
    return "predicted\(link), \(projections[0].ranksPerNode) ranks on a node\(worst)\n\(table.text)"
  }
}

extension Link {
  var text: String {
    "\(Quantity.seconds(latency)) a message, "
      + (secondsPerByte > 0 ? Quantity.rate(1 / secondsPerByte) : "no limit on bytes")
  }
}
