#pragma once
// Status codes that cross the binding. src/errors.ts holds the same table with the words a user reads.

#include <stdexcept>
#include <string>

namespace kairank {

enum class Status {
  ok,
  invalidArgument,
  notFound,
  overloaded,
  aborted,
  deadlineExceeded,
  closed,
  outOfMemory,
  corruptFile,
  unsupportedFormat,
  io,
  internal,
};

/// The stable code a status has in JavaScript.
inline const char* statusCode(Status status) {
  switch (status) {
    case Status::ok: return "KAIRANK_OK";
    case Status::invalidArgument: return "KAIRANK_INVALID_ARGUMENT";
    case Status::notFound: return "KAIRANK_NOT_FOUND";
    case Status::overloaded: return "KAIRANK_OVERLOADED";
    case Status::aborted: return "KAIRANK_ABORTED";
    case Status::deadlineExceeded: return "KAIRANK_DEADLINE_EXCEEDED";
    case Status::closed: return "KAIRANK_CLOSED";
    case Status::outOfMemory: return "KAIRANK_OUT_OF_MEMORY";
    case Status::corruptFile: return "KAIRANK_CORRUPT_FILE";
    case Status::unsupportedFormat: return "KAIRANK_UNSUPPORTED_FORMAT";
    case Status::io: return "KAIRANK_IO";
    case Status::internal: break;
  }
  return "KAIRANK_INTERNAL";
}

/// Thrown inside the core; turned into a JavaScript error in one function of the binding.
class Error : public std::runtime_error {
 public:
  Error(Status status, const std::string& message) : std::runtime_error(message), status_(status) {}
  Status status() const noexcept { return status_; }

 private:
  Status status_;
};

/// An argument of the caller's that is not what it must be; the fields are those of a KairankError.
class ArgumentError : public Error {
 public:
  ArgumentError(const std::string& field, const std::string& expected, const std::string& received = {})
      : Error(Status::invalidArgument,
              field + " must be " + expected + (received.empty() ? "" : ", not " + received) + "."),
        field(field),
        expected(expected),
        received(received) {}

  const std::string field;
  const std::string expected;
  const std::string received;  // empty: not said
};

}  // namespace kairank
