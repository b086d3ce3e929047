import Platform

/// What is to happen, by time, and by the order in which it was said where times are equal.
struct EventQueue<Event> {
  private struct Entry {
    let time: Instant
    let order: Int
    let place: Int
  }

  /// A heap of small entries; the events themselves stay where they are.
  private var heap: [Entry] = []
  private var events: [Event?] = []
  private var freePlaces: [Int] = []
  private var count = 0

  var isEmpty: Bool { heap.isEmpty }
  var nextTime: Instant? { heap.first?.time }

  mutating func add(_ event: Event, at time: Instant) {
    count += 1
    let place = freePlaces.popLast() ?? events.count
    if place == events.count { events.append(event) } else { events[place] = event }
    heap.append(Entry(time: time, order: count, place: place))
    var child = heap.count - 1
    while child > 0, precedes(child, (child - 1) / 2) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func removeFirst() -> (time: Instant, event: Event) {
    heap.swapAt(0, heap.count - 1)
    let entry = heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      if 2 * parent + 1 < heap.count, precedes(2 * parent + 1, least) { least = 2 * parent + 1 }
      if 2 * parent + 2 < heap.count, precedes(2 * parent + 2, least) { least = 2 * parent + 2 }
      if least == parent { break }
      heap.swapAt(parent, least)
      parent = least
    }
    freePlaces.append(entry.place)
    return (entry.time, events[entry.place].take()!)
  }

  private func precedes(_ a: Int, _ b: Int) -> Bool {
    heap[a].time == heap[b].time ? heap[a].order < heap[b].order : heap[a].time < heap[b].time
  }
}
