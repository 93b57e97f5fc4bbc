#include "serve.h"

#include <algorithm>

#include "../state/epochs.h"

namespace kairank {

Server::Server() : scratch_(makeScratch()), seats_(kServeBatch), asks_(kServeBatch), answers_(kServeBatch) {
  // An empty list of rows to rank still has an address: null would ask for recall.
  for (Seat& seat : seats_) seat.given.reserve(1);
}

void Server::ask(Core& core, const ModelSet& models, const OnlineView* online, Request& request, Seat& seat, Ask& ask) {
  if (request.hasUser) {
    seat.events.clear();
    if (request.user != kNoRow) core.histories.read(request.user, kHistoryEvents, seat.events);
    request.known = !seat.events.empty();
  } else {
    seat.events.assign(request.events.begin(), request.events.end());
  }
  const RowBitmap::View view = core.eligibility.eligible(request.filter.get());
  ask = Ask{};
  ask.events = seat.events.data();
  ask.eventCount = seat.events.size();
  ask.now = request.now;
  ask.eligible = {view.words, std::min(view.rows, core.items.size())};
  ask.excluded = request.excluded.data();
  ask.excludedCount = request.excluded.size();
  const bool usual = request.mode == RequestMode::recommend && models.excludeSeen;
  ask.excludeSeen = request.excludeSeen < 0 ? usual : request.excludeSeen != 0;
  ask.k = request.k;
  ask.candidates = request.candidates;
  ask.reasons = request.reasons;
  // What is like an item is a question of its own: no shopper's choices have a say in it.
  if (request.mode != RequestMode::similar) ask.online = online;
  if (request.words) {
    ask.inWords = true;
    request.known = models.content && readsContent(*models.content, *request.words);
    if (request.known) {
      seat.content.resize(models.content->dim);
      if (encodeAlone(*models.content, *request.words, content_, seat.content.data())) {
        ask.content = seat.content.data();
      }
    }
  }
  if (models.intents && request.hasUser && request.user != kNoRow) {
    seat.intent.resize(models.intents->model().config.dim);
    if (core.intents.intent(*models.intents, request.user, ask.events, ask.eventCount, intent_, seat.intent.data())) {
      ask.intent = seat.intent.data();
    }
  }
  if (request.mode != RequestMode::rank) return;
  seat.given.clear();
  std::vector<uint32_t> excluded = request.excluded;
  std::sort(excluded.begin(), excluded.end());
  for (uint32_t row : request.given) {
    const bool shown = ask.eligible.has(row) && !std::binary_search(excluded.begin(), excluded.end(), row);
    (shown ? seat.given : request.refused).push_back(row);
  }
  ask.given = seat.given.data();
  ask.givenCount = seat.given.size();
}

void Server::tell(Core& core, const OnlineLayer* layer, Request& request, const Seat& seat, Answer& answer) {
  if (layer && request.noted != 0 && !answer.trained.empty()) core.feedback.shown(request.noted, *layer, answer);
  answer.onlineInputs.clear();
  answer.trained.clear();
  core.costs.note(answer.times, answer.skipped);
  request.reasonEvents.reserve(answer.reasonEvents.size());
  for (uint32_t event : answer.reasonEvents) {
    request.reasonEvents.push_back(event == kNoEvent ? HistoryEvent{kNoRow, 0, 0, 0, 0} : seat.events[event]);
  }
  request.answer = answer;
}

void Server::serve(Core& core, Request* const* requests, size_t count) {
  // The models are held before the epoch is entered: freeing the last set is slow, and not a reader's business.
  const std::shared_ptr<const ModelSet> models = core.models();
  epochs::Guard guard;
  const std::shared_ptr<const OnlineLayer> layer = core.settings().online ? core.feedback.layer(*models) : nullptr;
  const OnlineView view{layer.get(), &core.feedback.statistics, core.feedback.statistics.now()};
  const OnlineView* const online = layer ? &view : nullptr;
  const StageTimes costs = core.costs.lately();
  const Request::Clock::time_point now = Request::Clock::now();
  double before = 0;  // microseconds that those before it in the batch will take
  for (size_t i = 0; i < count; ++i) {
    Request& request = *requests[i];
    ask(core, *models, online, request, seats_[i], asks_[i]);
    uint32_t skipped = stagesUnder(request.waitedMicros, core.settings().pressure);
    if (request.hasDeadline) {
      const double left = std::chrono::duration<double, std::micro>(request.deadline - now).count() - before;
      skipped |= stagesBeyond(costs, left);
    }
    asks_[i].skipped = skipped;
    // The layer reads what the ranker leaves behind.
    if (skipped & stageBit(Stage::ranker)) asks_[i].online = nullptr;
    before += costs.whole;
    for (size_t s = 0; s < kStages; s++) before -= (skipped >> s) & 1 ? costs.stage[s] : 0;
  }
  answerBatch(*models, asks_.data(), count, *scratch_, answers_.data());
  for (size_t i = 0; i < count; ++i) tell(core, layer.get(), *requests[i], seats_[i], answers_[i]);
}

}  // namespace kairank
