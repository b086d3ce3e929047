internal import Coordinator

extension PipelineView {
  /// Adds what is known of the pipe to `/metrics`.
  func describe(
    into text: inout PrometheusText, model: String, admission: Admission, counts: ClusterCounts
  ) {
    let (total, recent) = (statistics, recent())
    text.begin("gpt2_model_info", .gauge, "1; the labels say what the model is and how its weights are held.")
    text.add("gpt2_model_info", ["model": model, "weights": weights], 1)
    text.single("gpt2_texts", .gauge, "Texts being written or waiting.", Double(admission.texts))
    text.single("gpt2_texts_limit", .gauge, "Most texts at once; beyond, requests get 429.", Double(admission.limit))
    text.single(
      "gpt2_requests_running", .gauge, "Requests in the engine that have a slot.", Double(total.requestsRunning))
    text.single(
      "gpt2_requests_waiting", .gauge, "Requests in the engine that wait for a slot.", Double(total.requestsWaiting))
    text.single(
      "gpt2_micro_batches_in_flight", .gauge, "Micro-batches in the pipe.", Double(total.microBatchesInFlight))
    text.single("gpt2_cache_slots_used", .gauge, "Sequences with a slot of the caches.", Double(total.slotsUsed))
    text.single("gpt2_cache_slots", .gauge, "Slots of the caches.", Double(total.slotCount))
    text.single("gpt2_cache_positions_used", .gauge, "Positions set aside in the caches.", Double(total.positionsUsed))
    text.single(
      "gpt2_cache_positions", .gauge, "Positions the workers have memory for.",
      Double(min(total.positionBudget, total.slotCount * positionCount)))
    text.single("gpt2_tokens_generated_total", .counter, "Tokens the engine has chosen.", Double(total.tokensGenerated))
    text.single(
      "gpt2_ignored_messages_total", .counter, "Messages that were dropped, being of no worker of this cluster.",
      Double(counts.ignored))
    text.single(
      "gpt2_worker_losses_total", .counter, "Workers of stages, and links, that were lost.", Double(total.losses))
    text.single(
      "gpt2_recoveries_total", .counter, "Times that work went on after losses and departures.",
      Double(total.recoveries))
    text.single(
      "gpt2_recovery_seconds_total", .counter, "Time from noticing a loss to work going on.",
      total.recoveryTime / .seconds(1))
    text.single(
      "gpt2_rows_replayed_total", .counter, "Rows that were read again after a loss.", Double(total.rowsReplayed))
    text.single(
      "gpt2_fenced_messages_total", .counter, "Messages of earlier plans that came late and were dropped.",
      Double(total.fencedMessages))
    text.single("gpt2_plan_epoch", .gauge, "The number of the plan.", Double(total.epoch))
    text.single(
      "gpt2_spares", .gauge, "Workers without a stage, for when one is lost.",
      Double(total.members.count { $0.role == .spare }))
    text.single(
      "gpt2_recovering", .gauge, "1 while no work goes through, for a loss or another plan, else 0.",
      total.interruption == nil ? 0 : 1)

    let stations =
      [("coordinator", total.coordinator, recent.statistics.coordinator)]
      + zip(total.stages, recent.statistics.stages).enumerated().map {
        ("\($0.offset + 1)", $0.element.0, $0.element.1)
      }
    typealias Station = PipelineStatistics.Station
    func series(
      _ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: (Station, Station) -> Double
    ) {
      text.begin(name, kind, help)
      for (stage, all, lately) in stations { text.add(name, ["stage": stage, "worker": all.name], value(all, lately)) }
    }
    series("gpt2_stage_busy_ratio", .gauge, "Share of the last two seconds that it computed.") {
      min(1, $1.compute / .seconds(1) / recent.seconds)
    }
    series("gpt2_stage_compute_seconds_total", .counter, "Time it computed.") { all, _ in all.compute / .seconds(1) }
    series("gpt2_stage_wait_seconds_total", .counter, "Time it had nothing to do while there was work.") { all, _ in
      all.wait / .seconds(1)
    }
    series("gpt2_stage_send_seconds_total", .counter, "Time it handed results on.") { all, _ in all.send / .seconds(1) }
    series("gpt2_stage_bytes_sent_total", .counter, "Activations it sent.") { all, _ in Double(all.bytesSent) }
    series("gpt2_stage_micro_batches_total", .counter, "Micro-batches it computed.") { all, _ in
      Double(all.microBatches)
    }
    series("gpt2_stage_rows_total", .counter, "Rows it computed.") { all, _ in Double(all.rows) }

    let depths = queueDepths()
    text.begin("gpt2_stage_queue_depth", .gauge, "Micro-batches that waited at it, on average over two seconds.")
    for (index, stage) in total.stages.enumerated() where depths.indices.contains(index) {
      text.add("gpt2_stage_queue_depth", ["stage": "\(index + 1)", "worker": stage.name], depths[index])
    }
    text.begin("gpt2_worker_reconnects_total", .counter, "How often a worker joined again.")
    for (name, joins) in counts.joins.sorted(by: { $0.key < $1.key }) {
      text.add("gpt2_worker_reconnects_total", ["worker": name], Double(joins - 1))
    }
  }
}
