internal import MicroBatching

/// A discrete-event model of a pipe: micro-batches pass the coordinator, the stages and the coordinator again, over links
/// that take time.
///
/// A process does one thing at a time, in order of arrival. Processes of one host share its cores when they have more
/// threads than it has, and its memory's bandwidth when they ask for more than there is; each gets what it asks for, or an
/// equal share with the others that ask for more. A link carries one message after the other.
public struct PipeSimulation {
  private let pipe: PipeModel
  private let items: [PipeWorkload.Item]
  private let width: Double
  private let inFlightLimit: Int
  /// Hosts of more than one station, and their stations.
  private let sharing: [(host: Int, stations: [Int])]
  private var now = 0.0
  private var stations: [Station]
  /// When each link has sent what was given to it; link i leads into station i.
  private var linkFree: [Double]
  private var linkBusy: [Double]
  /// Messages on links: when they arrive, where, and which micro-batch they are.
  private var arrivals = ArrivalQueue()
  private var next = 0
  private var inFlight = 0
  private var returned: [Bool]

  private struct Job {
    var item: Int
    /// The coordinator's second part: ln_f and head.
    var isReturn = false
    /// Seconds left if it had all it asks for.
    var left: Double
    /// Bytes a second that it reads then.
    var memoryRate: Double
  }

  private struct Station {
    var queue: [Job] = []
    var taken = 0
    var running: Job?
    var busy = 0.0
  }

  /// Foretells how long `workload` takes with at most `inFlight` micro-batches on their way.
  ///
  /// - Precondition: the workload has micro-batches, and `inFlight` is at least 1.
  public static func run(_ workload: PipeWorkload, on pipe: PipeModel, inFlight: Int) -> PipeForecast {
    var simulation = PipeSimulation(pipe, workload.items, inFlight: inFlight)
    simulation.run()
    let seconds = max(simulation.now, 1e-12)
    let busy = simulation.stations.map { $0.busy / seconds }
    return PipeForecast(
      seconds: seconds, tokensPerSecond: Double(workload.tokenCount) / seconds, busy: Array(busy.dropFirst()),
      coordinatorBusy: busy[0], linkBusy: (simulation.linkBusy.max() ?? 0) / seconds,
      microBatchCount: simulation.items.count)
  }

  private init(_ pipe: PipeModel, _ items: [PipeWorkload.Item], inFlight: Int) {
    precondition(!items.isEmpty && inFlight >= 1)
    self.pipe = pipe
    self.items = items
    inFlightLimit = inFlight
    width = Double(pipe.stages[0].cost.shape.width)
    stations = Array(repeating: Station(), count: pipe.stages.count + 1)
    let stationCount = stations.count
    sharing = pipe.hosts.indices.map { host in (host, (0..<stationCount).filter { pipe.host(of: $0) == host }) }
      .filter { $0.stations.count > 1 }
    linkFree = Array(repeating: 0, count: pipe.stages.count + 1)
    linkBusy = linkFree
    returned = Array(repeating: false, count: items.count)
  }

  private mutating func run() {
    while true {
      dispatch()
      for index in stations.indices where stations[index].running == nil {
        guard stations[index].taken < stations[index].queue.count else { continue }
        stations[index].running = stations[index].queue[stations[index].taken]
        stations[index].taken += 1
      }
      let rates = rates()
      var step = (arrivals.first?.time ?? .infinity) - now
      for (station, rate) in zip(stations, rates) {
        if let job = station.running { step = min(step, job.left / rate) }
      }
      guard step.isFinite else { return }
      step = max(step, 0)
      now += step
      for index in stations.indices {
        guard var job = stations[index].running else { continue }
        stations[index].busy += step
        let isDone = job.left / rates[index] <= step * (1 + 1e-12)
        job.left -= step * rates[index]
        stations[index].running = isDone ? nil : job
        if isDone { finish(job, at: index) }
      }
      while let arrival = arrivals.first, arrival.time <= now * (1 + 1e-15) {
        arrivals.removeFirst()
        stations[arrival.station].queue.append(job(arrival.item, at: arrival.station, isReturn: arrival.station == 0))
      }
    }
  }

  /// The coordinator begins as many micro-batches as may be on their way.
  private mutating func dispatch() {
    while next < items.count, inFlight < inFlightLimit, items[next].after.map({ returned[$0] }) ?? true {
      stations[0].queue.append(job(next, at: 0, isReturn: false))
      next += 1
      inFlight += 1
    }
  }

  private mutating func finish(_ job: Job, at station: Int) {
    if station == 0, job.isReturn {
      returned[job.item] = true
      inFlight -= 1
      return
    }
    let target = (station + 1) % stations.count
    let link = pipe.link(into: target)
    linkBusy[target] += bytes(job.item) / link.bandwidth
    linkFree[target] = max(now, linkFree[target]) + bytes(job.item) / link.bandwidth
    arrivals.insert(Arrival(time: linkFree[target] + link.latency, station: target, item: job.item))
  }

  private func bytes(_ item: Int) -> Double { 4 * width * Double(items[item].microBatch.rowCount) }

  private func job(_ item: Int, at station: Int, isReturn: Bool) -> Job {
    let microBatch = items[item].microBatch
    func handling(_ link: PipeModel.Link) -> Double { link.messageSeconds + link.byteSeconds * bytes(item) }
    if station > 0 {
      let stage = pipe.stages[station - 1]
      let seconds = Double(stage.blockCount) * stage.cost.seconds(microBatch)
      let overhead = handling(pipe.link(into: station)) + handling(pipe.link(into: (station + 1) % stations.count))
      let read = Double(stage.blockCount) * stage.cost.bytesRead(microBatch)
      return Job(item: item, left: seconds + overhead, memoryRate: read / max(seconds + overhead, 1e-12))
    }
    let costs = pipe.coordinator.costs
    // Embedding and ln_f were measured together and are about alike.
    let half = costs.edges.seconds(rows: microBatch.rowCount) / 2
    if !isReturn { return Job(item: item, left: half + handling(pipe.link(into: 1)), memoryRate: 0) }
    let rows = items[item].headRows
    let seconds = half + handling(pipe.link(into: 0)) + costs.head.seconds(rows: rows)
    return Job(
      item: item, isReturn: true, left: seconds, memoryRate: rows > 0 ? costs.headBytes / max(seconds, 1e-12) : 0)
  }

  /// Share of its full speed that each station runs at just now.
  private func rates() -> [Double] {
    var rates = Array(repeating: 1.0, count: stations.count)
    for (host, members) in sharing {
      let running = members.filter { stations[$0].running != nil }
      guard running.count > 1 else { continue }
      let threads = running.reduce(0) { $0 + pipe.threads(of: $1) }
      let share = min(1, Double(pipe.hosts[host].cores) / Double(threads))
      // Those that read least are served first; what they leave is for the others.
      var left = pipe.hosts[host].memoryRate
      var waiting = running.count
      for index in running.sorted(by: { memoryRate($0) < memoryRate($1) }) {
        let wanted = memoryRate(index) * share
        let given = min(wanted, left / Double(waiting))
        rates[index] = wanted > 0 ? share * given / wanted : share
        left = max(0, left - given)
        waiting -= 1
      }
    }
    return rates
  }

  private func memoryRate(_ station: Int) -> Double { stations[station].running?.memoryRate ?? 0 }
}

private struct Arrival {
  var time: Double
  var station: Int
  var item: Int
}

/// Messages on their way, the next to arrive first; there are never more than micro-batches in flight.
private struct ArrivalQueue {
  /// The next to arrive last.
  private var arrivals: [Arrival] = []

  var first: Arrival? { arrivals.last }

  mutating func removeFirst() { arrivals.removeLast() }

  mutating func insert(_ arrival: Arrival) {
    let index = arrivals.firstIndex { $0.time <= arrival.time } ?? arrivals.count
    arrivals.insert(arrival, at: index)
  }
}
