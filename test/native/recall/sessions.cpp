// Votes of like sessions against the same by hand, in double precision and without an index.

#include "../../../native/recall/sessions.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "../../../native/include/status.h"
#include "../../../native/learn/sessions.h"
#include "../check.h"
#include "../learn/shop.h"

using namespace kairank;

namespace {

constexpr uint32_t kItems = 40;

SessionsModel sessionsOf(Random& random, uint32_t sessions) {
  SessionsModel model;
  model.items = kItems;
  model.offsets = {0};
  for (uint32_t s = 0; s < sessions; s++) {
    std::vector<uint32_t> rows;
    for (size_t i = 2 + random.below(7); i > 0; i--) {
      const uint32_t row = static_cast<uint32_t>(random.uniform() * random.uniform() * kItems);
      if (std::find(rows.begin(), rows.end(), row) == rows.end()) rows.push_back(row);
    }
    model.rows.insert(model.rows.end(), rows.begin(), rows.end());
    model.offsets.push_back(model.rows.size());
  }
  model.decay = 0.6f;
  model.ageing = 1.5f;
  model.distance = 0.4f;
  model.back = 0.3f;
  model.rarity = 0.5f;
  model.neighbours = 15;
  completeSessions(model);
  return model;
}

std::vector<double> byHand(const SessionsModel& model, const std::vector<Vote>& votes) {
  std::vector<double> count(kItems, 0.0);
  for (const uint32_t row : model.rows) count[row]++;
  const auto share = [&](uint32_t row) { return std::pow(std::max(1.0, count[row]), -double{model.rarity}); };
  struct Near {
    double likeness;
    uint32_t session;
    size_t place;
  };
  std::vector<Near> near;
  for (uint32_t s = 0; s < model.sessions(); s++) {
    const std::vector<uint32_t> rows(model.rows.begin() + static_cast<std::ptrdiff_t>(model.offsets[s]),
                                     model.rows.begin() + static_cast<std::ptrdiff_t>(model.offsets[s + 1]));
    double sum = 0;
    size_t place = rows.size();
    std::vector<uint32_t> asked;
    for (const Vote& vote : votes) {
      if (std::find(asked.begin(), asked.end(), vote.row) != asked.end()) continue;
      asked.push_back(vote.row);
      const auto found = std::find(rows.begin(), rows.end(), vote.row);
      if (found == rows.end()) continue;
      if (place == rows.size()) place = static_cast<size_t>(found - rows.begin());
      sum += vote.weight * share(vote.row);
    }
    if (sum == 0) continue;
    const double newer = (model.sessions() - 1.0 - s) / model.sessions();
    near.push_back({sum / std::sqrt(static_cast<double>(rows.size())) * std::exp(-model.ageing * newer), s, place});
  }
  std::sort(near.begin(), near.end(), [](const Near& a, const Near& b) { return a.likeness > b.likeness; });
  if (near.size() > model.neighbours) near.resize(model.neighbours);
  std::vector<double> out(kItems, 0.0);
  for (const Near& one : near) {
    for (uint64_t i = model.offsets[one.session]; i < model.offsets[one.session + 1]; i++) {
      const double places = static_cast<double>(i - model.offsets[one.session]) - static_cast<double>(one.place);
      const double faded = std::exp(-model.distance * std::max(0.0, std::fabs(places) - 1));
      out[model.rows[i]] += one.likeness * faded * (places < 0 ? double{model.back} : 1) * share(model.rows[i]);
    }
  }
  return out;
}

}  // namespace

int main() {
  check::test("votes of the nearest sessions, by hand", [] {
    SessionScratch scratch;
    SparseScores scores;
    for (uint64_t seed = 1; seed <= 40; seed++) {
      Random random(seed);
      const SessionsModel model = sessionsOf(random, 60);
      std::vector<HistoryEvent> events;
      for (size_t i = random.below(8); i > 0; i--) events.push_back(event(static_cast<uint32_t>(random.below(kItems))));
      std::vector<Vote> votes;
      collectVotes(events.data(), events.size(), kItems, model.decay, model.maxEvents, votes);
      scoreSessions(model, votes, scratch, scores);
      const std::vector<double> expected = byHand(model, votes);
      for (uint32_t row = 0; row < kItems; row++) {
        CHECK_THAT(std::fabs(scores[row] - expected[row]) <= 1e-5 * (1 + expected[row]),
                   "seed " << seed << " row " << row << ": " << scores[row] << ", not " << expected[row]);
      }
    }
  });
  check::test("sessions are the distinct positive items, by their last event, the newest last", [] {
    Histories histories;
    // Ended at 50; at 20; one item alone; nothing that speaks for an item.
    histories.offsets = {0, 5, 8, 10, 11};
    histories.events = {{3, 0, 0, 1, 10}, {4, 0, 0, 1, 20}, {3, 0, 0, 1, 30},      {5, 0, 0, -1, 40},
                        {6, 0, 0, 1, 50}, {1, 0, 0, 1, 10}, {kNoRow, 0, 0, 0, 15}, {2, 0, 0, 1, 20},
                        {7, 0, 0, 1, 60}, {7, 0, 0, 1, 70}, {8, 0, 0, -1, 80}};
    const auto model = fitSessions(histories, kItems, SessionSettings{});
    CHECK(model->offsets == std::vector<uint64_t>({0, 2, 5}));
    CHECK(model->rows == std::vector<uint32_t>({1, 2, 4, 3, 6}));
    CHECK(model->itemSessions[model->itemOffsets[6]] == 1);
  });
  check::test("learns whom to listen to, and repeats whatever the threads", [] {
    // Two crowds share an item; what they turn to next tells them apart.
    Random random(3);
    Histories all;
    all.offsets = {0};
    for (uint32_t user = 0; user < 400; user++) {
      const uint32_t crowd = user % 2;
      std::vector<uint32_t> walk = {0, 1 + crowd, 3 + crowd, 5 + crowd * 3 + static_cast<uint32_t>(random.below(3))};
      for (size_t i = 0; i < walk.size(); i++) all.events.push_back({walk[i], 0, 0, 1, 10.0 * user + i});
      all.offsets.push_back(all.events.size());
    }
    Dataset data;
    data.items = 12;
    data.validation = casesOf(all);
    data.train = all;
    Control control;
    const LearnedSessions one = learnSessions(data, true, 1, 1, control);
    const LearnedSessions two = learnSessions(data, true, 1, 3, control);
    CHECK(one.trials.size() > 20 && one.trials.size() == two.trials.size());
    CHECK(named(one.settings) == named(two.settings));
    double best = 0;
    for (const Trial& trial : one.trials) best = std::max(best, trial.ndcg);
    CHECK_THAT(best > 0.7, "NDCG@10 " << best);
  });
  check::test("models that would be read beyond their memory are refused", [] {
    const auto refused = [](const std::function<void(SessionsModel&)>& spoil) {
      Random random(5);
      SessionsModel model = sessionsOf(random, 10);
      spoil(model);
      try {
        completeSessions(model);
      } catch (const Error& error) {
        return error.status() == Status::invalidArgument;
      }
      return false;
    };
    CHECK(refused([](SessionsModel& model) { model.rows[3] = kItems; }));
    CHECK(refused([](SessionsModel& model) { model.offsets.back()++; }));
    CHECK(refused([](SessionsModel& model) { std::swap(model.offsets[2], model.offsets[3]); }));
    CHECK(refused([](SessionsModel& model) { model.offsets.clear(); }));
    CHECK(refused([](SessionsModel& model) { model.decay = NAN; }));
    CHECK(refused([](SessionsModel& model) { model.distance = -1; }));
    CHECK(refused([](SessionsModel& model) { model.neighbours = 0; }));
  });
  return check::finish();
}
