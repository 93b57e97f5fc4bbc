#include "dataset.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "../include/status.h"
#include "../state/votes.h"

namespace kairank {

namespace {

[[noreturn]] void refuse(const std::string& message) { throw Error(Status::invalidArgument, message); }

void checkOffsets(const std::vector<uint64_t>& offsets, size_t size, const char* what) {
  if (offsets.empty() || offsets.front() != 0 || offsets.back() != size ||
      !std::is_sorted(offsets.begin(), offsets.end())) {
    refuse(std::string(what) + ": offsets must rise from 0 to the number of entries");
  }
}

}  // namespace

void checkHistories(const Histories& histories, uint32_t items) {
  checkOffsets(histories.offsets, histories.events.size(), "histories");
  if (histories.offsets.size() - 1 > kMaxRows) refuse("histories: too many users");
  for (const HistoryEvent& event : histories.events) {
    if (event.row != kNoRow && event.row >= items) refuse("histories: a row is out of range");
  }
}

void checkCases(const Cases& cases, uint32_t items) {
  checkHistories(cases.histories, items);
  checkOffsets(cases.targetOffsets, cases.targets.size(), "targets");
  if (cases.targetOffsets.size() != cases.histories.offsets.size()) {
    refuse("targets: expected one range of targets for each case");
  }
  for (uint32_t target : cases.targets) {
    if (target != kNoRow && target >= items) refuse("targets: a row is out of range");
  }
  if (!cases.weights.empty() && cases.weights.size() != cases.targets.size()) {
    refuse("targets: expected one weight for each target, or none at all");
  }
  for (float weight : cases.weights) {
    if (!(weight > 0) || !std::isfinite(weight)) refuse("targets: every weight must be finite and above 0");
  }
}

void checkLists(const ShownLists& lists, uint32_t items) {
  checkHistories(lists.histories, items);
  checkOffsets(lists.offsets, lists.rows.size(), "lists");
  if (lists.offsets.size() != lists.histories.offsets.size()) refuse("lists: expected one range of rows for each list");
  if (lists.positions.size() != lists.rows.size() || lists.gains.size() != lists.rows.size()) {
    refuse("lists: expected one position and one gain for each row");
  }
  for (uint32_t row : lists.rows) {
    if (row != kNoRow && row >= items) refuse("lists: a row is out of range");
  }
  for (float gain : lists.gains) {
    if (!(gain >= 0) || !std::isfinite(gain)) refuse("lists: every gain must be finite and not negative");
  }
}

Positives positivesOf(const Histories& histories, uint32_t items) {
  Positives out;
  out.offsets.push_back(0);
  out.popularity.assign(items, 0.0f);
  out.itemOffsets.assign(static_cast<size_t>(items) + 1, 0);
  for (uint32_t user = 0; user < histories.users(); user++) {
    for (uint64_t i = histories.offsets[user]; i < histories.offsets[user + 1]; i++) {
      const HistoryEvent& event = histories.events[i];
      if (!positive(event)) continue;
      out.rows.push_back(event.row);
      out.weights.push_back(std::min(event.weight, kMaxEventWeight));
      out.users.push_back(user);
      out.popularity[event.row] += out.weights.back();
      out.itemOffsets[event.row + 1]++;
    }
    out.offsets.push_back(out.rows.size());
  }
  std::partial_sum(out.itemOffsets.begin(), out.itemOffsets.end(), out.itemOffsets.begin());
  out.places.resize(out.rows.size());
  std::vector<uint64_t> next(out.itemOffsets.begin(), out.itemOffsets.end() - 1);
  for (uint64_t place = 0; place < out.rows.size(); place++) out.places[next[out.rows[place]]++] = place;
  return out;
}

std::vector<float> newerShares(const Histories& histories) {
  std::vector<double> times;
  for (const HistoryEvent& event : histories.events) {
    // A time that is no number is older than all that are.
    if (positive(event)) times.push_back(event.at == event.at ? event.at : -std::numeric_limits<double>::infinity());
  }
  std::vector<double> sorted = times;
  std::sort(sorted.begin(), sorted.end());
  std::vector<float> newer(times.size());
  for (size_t i = 0; i < times.size(); i++) {
    const auto above = sorted.end() - std::upper_bound(sorted.begin(), sorted.end(), times[i]);
    newer[i] = static_cast<float>(static_cast<double>(above) / static_cast<double>(times.size()));
  }
  return newer;
}

}  // namespace kairank
