#pragma once
// Sessions to find others like this one in, and the settings by which they vote.

#include <memory>

#include "../include/control.h"
#include "../state/models.h"
#include "dataset.h"

namespace kairank {

struct SessionSettings {
  double decay = 0.7;       // weight of an event of this session: decay^(age in events)
  double ageing = 0;        // of another session: exp(-ageing * share of the sessions that are newer)
  double distance = 0.3;    // of its items: exp(-distance * (places from the one that is shared - 1))
  double back = 0.5;        // share of the items before the one that is shared
  double rarity = 0.25;     // an item's votes are divided by (sessions that have it)^rarity
  double neighbours = 200;  // whole: sessions that vote
};

/// The settings by name, as trials and bundles write them.
std::vector<std::pair<std::string, double>> named(const SessionSettings& settings);

/// @throws Error(invalidArgument) on a setting out of range.
void checkSettings(const SessionSettings& settings);

/// The positive events of each user as a session, the newest last by the time of its last event. At most some millions
/// of events are kept, the newest.
std::shared_ptr<SessionsModel> fitSessions(const Histories& histories, uint32_t items, const SessionSettings& settings);

struct LearnedSessions {
  std::shared_ptr<const SessionsModel> sessions;
  SessionSettings settings;
  std::vector<Trial> trials;
};

/// Chooses the settings on the validation cases by NDCG@10, one after another through their grids for two rounds; the
/// defaults when there are no cases. The result does not depend on `threads`.
LearnedSessions learnSessions(const Dataset& data, bool excludeSeen, uint64_t seed, uint32_t threads, Control& control);

}  // namespace kairank
