#pragma once
// A request of this environment, and its answer as JavaScript.

#include <string>
#include <vector>

#include "../pipeline/request.h"
#include "promised.h"

namespace kairank {

class Call final : public Promised<Request> {
 public:
  using Promised<Request>::Promised;

  /// Ids to rank that were not known.
  std::vector<std::string> unknown;

 private:
  Napi::Value reply(Napi::Env env) const override;
};

}  // namespace kairank
