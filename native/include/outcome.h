#pragma once
// How something ended, for those who cannot throw: the one place where exceptions of the core become a status.

#include <exception>
#include <new>
#include <string>

#include "status.h"

namespace kairank {

struct Outcome {
  Status status = Status::ok;
  std::string message;  // may be empty where there was no memory for it: the status says it without words

  bool ok() const { return status == Status::ok; }

  static Outcome of(Status status, const char* message) noexcept {
    Outcome outcome;
    outcome.status = status;
    try {
      outcome.message = message;
    } catch (const std::bad_alloc&) {
    }
    return outcome;
  }
};

/// Runs `fn` and says how it ended; nothing leaves as an exception.
template <typename Fn>
Outcome outcomeOf(Fn&& fn) noexcept {
  try {
    fn();
    return {};
  } catch (const Error& error) {
    return Outcome::of(error.status(), error.what());
  } catch (const std::bad_alloc&) {
    return Outcome::of(Status::outOfMemory, "There is not enough memory.");
  } catch (const std::exception& error) {
    return Outcome::of(Status::internal, error.what());
  } catch (...) {
    return Outcome::of(Status::internal, "An unknown fault in the native core.");
  }
}

}  // namespace kairank
