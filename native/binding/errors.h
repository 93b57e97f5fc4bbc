#pragma once
// The one place where C++ exceptions become JavaScript errors.

#include <napi.h>

#include <new>
#include <string>

#include "../include/status.h"

namespace kairank {

/// A JavaScript Error with the stable `code` of a status.
inline Napi::Error codedError(Napi::Env env, Status status, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Value().Set("code", Napi::String::New(env, statusCode(status)));
  return error;
}

/// Runs what a callback does; whatever it throws leaves as a JavaScript error with a code. Errors that JavaScript
/// itself threw on the way (a getter of the caller's) pass as they are.
template <typename Fn>
auto guard(Napi::Env env, Fn&& fn) -> decltype(fn()) {
  try {
    return fn();
  } catch (const Napi::Error&) {
    throw;
  } catch (const ArgumentError& error) {
    Napi::Error coded = codedError(env, error.status(), error.what());
    coded.Value().Set("field", Napi::String::New(env, error.field));
    coded.Value().Set("expected", Napi::String::New(env, error.expected));
    if (!error.received.empty()) coded.Value().Set("received", Napi::String::New(env, error.received));
    throw coded;
  } catch (const Error& error) {
    throw codedError(env, error.status(), error.what());
  } catch (const std::bad_alloc&) {
    throw codedError(env, Status::outOfMemory, "There is not enough memory.");
  } catch (const std::exception& error) {
    throw codedError(env, Status::internal, error.what());
  } catch (...) {
    throw codedError(env, Status::internal, "An unknown fault in the native core.");
  }
}

}  // namespace kairank
