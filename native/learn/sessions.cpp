#include "sessions.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "../state/votes.h"
#include "grid_search.h"
#include "rank_cases.h"
#include "sampling.h"

namespace kairank {

namespace {

constexpr size_t kMostEvents = 4000000;
constexpr uint64_t kMostLooked = 20000;  // events of one history, the last
constexpr size_t kSearchCases = 5000;
constexpr size_t kSearchVotes = 100000;  // history events that vote in a trial

void put(const SessionSettings& settings, SessionsModel& model) {
  model.decay = static_cast<float>(settings.decay);
  model.ageing = static_cast<float>(settings.ageing);
  model.distance = static_cast<float>(settings.distance);
  model.back = static_cast<float>(settings.back);
  model.rarity = static_cast<float>(settings.rarity);
  model.neighbours = static_cast<uint32_t>(settings.neighbours);
}

/// The distinct items of a history's positive events in the order of their last one.
void sessionOf(const Histories& histories, uint32_t user, uint32_t items, std::vector<uint32_t>& session) {
  session.clear();
  const uint64_t end = histories.offsets[user + 1];
  const uint64_t begin = std::max(histories.offsets[user], end - std::min<uint64_t>(end, kMostLooked));
  for (uint64_t e = end; e-- > begin;) {
    const HistoryEvent& event = histories.events[e];
    if (!positive(event) || event.row >= items) continue;
    if (std::find(session.begin(), session.end(), event.row) != session.end()) continue;
    session.push_back(event.row);
    if (session.size() == kSessionSample) break;  // longer than anything that could be called a session
  }
  std::reverse(session.begin(), session.end());
}

class Search {
 public:
  Search(const Dataset& data, std::shared_ptr<SessionsModel> sessions, bool excludeSeen, uint64_t seed,
         uint32_t threads, Control& control)
      : cases_(data.validation),
        chosen_(sampleCases(data.validation, kSearchCases, kSearchVotes, seed)),
        sessions_(std::move(sessions)),
        control_(control) {
    options_.model = RankedBy::sessions;
    options_.excludeSeen = excludeSeen;
    options_.threads = threads;
    models_.items = data.items;
    models_.sessions = sessions_;
  }

  LearnedSessions run() {
    const std::vector<Axis<SessionSettings>> axes = {
        {{0.3, 0.5, 0.7, 0.85, 1}, [](SessionSettings& s) { return &s.decay; }},
        {{0, 0.1, 0.3, 0.7, 1.5}, [](SessionSettings& s) { return &s.distance; }},
        {{0, 0.25, 0.5, 0.75, 1}, [](SessionSettings& s) { return &s.back; }},
        {{0, 0.25, 0.5, 0.75}, [](SessionSettings& s) { return &s.rarity; }},
        {{0, 0.5, 2, 5, 10}, [](SessionSettings& s) { return &s.ageing; }},
        {{100, 200, 500, 1000}, [](SessionSettings& s) { return &s.neighbours; }},
    };
    searchGrid(axes, best_, control_, [&](const SessionSettings& settings) { attempt(settings); });
    return {nullptr, best_, std::move(trials_)};
  }

 private:
  void attempt(const SessionSettings& settings) {
    control_.advance(1);
    std::vector<double> key;
    for (const auto& [name, value] : named(settings)) key.push_back(value);
    if (!tried_.insert(key).second) return;
    const bool rarity = static_cast<float>(settings.rarity) != sessions_->rarity;
    put(settings, *sessions_);
    if (rarity) completeSessions(*sessions_);
    Control quiet = control_.quiet();
    const RankedCases ranked = rankCases(models_, cases_, chosen_, options_, quiet);
    const CaseQuality quality = meanQuality(qualities(ranked, cases_, chosen_));
    trials_.push_back({named(settings), quality.ndcg, quality.recall});
    if (!(quality.ndcg > reached_)) return;
    reached_ = quality.ndcg;
    best_ = settings;
    control_.found(reached_);
  }

  const Cases& cases_;
  const std::vector<uint32_t> chosen_;
  const std::shared_ptr<SessionsModel> sessions_;
  Control& control_;
  RankOptions options_;
  ModelSet models_;
  SessionSettings best_;
  double reached_ = -1;
  std::set<std::vector<double>> tried_;
  std::vector<Trial> trials_;
};

}  // namespace

std::vector<std::pair<std::string, double>> named(const SessionSettings& settings) {
  return {{"decay", settings.decay}, {"ageing", settings.ageing}, {"distance", settings.distance},
          {"back", settings.back},   {"rarity", settings.rarity}, {"neighbours", settings.neighbours}};
}

void checkSettings(const SessionSettings& settings) {
  const auto within = [](double value, double most) { return value >= 0 && value <= most; };
  if (!(settings.decay > 0 && settings.decay <= 1) || !within(settings.ageing, 1000) ||
      !within(settings.distance, 1000) || !within(settings.back, 1) || !within(settings.rarity, 2) ||
      !(settings.neighbours >= 1 && settings.neighbours <= 10000) ||
      settings.neighbours != std::floor(settings.neighbours)) {
    throw Error(Status::invalidArgument,
                "sessions: decay must be above 0 and at most 1, ageing and distance from 0 to 1000, back from 0 to 1, "
                "rarity from 0 to 2, neighbours from 1 to 10000");
  }
}

std::shared_ptr<SessionsModel> fitSessions(const Histories& histories, uint32_t items,
                                           const SessionSettings& settings) {
  checkSettings(settings);
  std::vector<uint32_t> users(histories.users());
  std::iota(users.begin(), users.end(), 0u);
  users.erase(std::remove_if(users.begin(), users.end(),
                             [&](uint32_t user) { return histories.offsets[user] == histories.offsets[user + 1]; }),
              users.end());
  const auto lastAt = [&](uint32_t user) { return histories.events[histories.offsets[user + 1] - 1].at; };
  std::stable_sort(users.begin(), users.end(), [&](uint32_t a, uint32_t b) { return lastAt(a) < lastAt(b); });

  // From the newest on, until there are enough; then turned round.
  std::vector<std::vector<uint32_t>> kept;
  size_t events = 0;
  std::vector<uint32_t> session;
  for (size_t u = users.size(); u-- > 0 && events < kMostEvents;) {
    sessionOf(histories, users[u], items, session);
    if (session.size() < 2) continue;  // tells nothing of what goes with what
    events += session.size();
    kept.push_back(session);
  }
  auto model = std::make_shared<SessionsModel>();
  model->items = items;
  model->offsets.push_back(0);
  model->rows.reserve(events);
  for (size_t s = kept.size(); s-- > 0;) {
    model->rows.insert(model->rows.end(), kept[s].begin(), kept[s].end());
    model->offsets.push_back(model->rows.size());
  }
  put(settings, *model);
  completeSessions(*model);
  return model;
}

LearnedSessions learnSessions(const Dataset& data, bool excludeSeen, uint64_t seed, uint32_t threads,
                              Control& control) {
  LearnedSessions learned;
  std::shared_ptr<SessionsModel> sessions = fitSessions(data.train, data.items, learned.settings);
  if (data.validation.count() > 0) {
    learned = Search(data, sessions, excludeSeen, seed, threads, control).run();
    put(learned.settings, *sessions);
    completeSessions(*sessions);
  }
  learned.sessions = sessions;
  control.finish();
  return learned;
}

}  // namespace kairank
