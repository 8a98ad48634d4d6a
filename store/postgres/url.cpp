// SPDX-License-Identifier: Apache-2.0
#include "store/postgres/url.h"

#include <libpq-fe.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/text.h"

namespace hone::postgres {
namespace {

constexpr std::string_view kSchemes[] = {"postgresql://", "postgres://"};
constexpr int kLargestPort = 65'535;

// A server that is gone without a word is noticed within about half a minute: seconds between the
// first silence and the first probe, between probes, and to the answer of a connect; milliseconds
// until what was sent must have been acknowledged.
constexpr std::pair<const char*, const char*> kDeadlines[] = {
    {"connect_timeout", "10"}, {"keepalives_idle", "10"},     {"keepalives_interval", "5"},
    {"keepalives_count", "3"}, {"tcp_user_timeout", "20000"}, {"application_name", "hone"},
};

using Options = std::map<std::string, std::string>;

Error Unreadable(const std::string& what) {
  return {Code::kInvalidArgument,
          what +
              "; the form is postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with %40 for an @ "
              "in the password and so on (the URL is not shown: it may hold a password)",
          {}};
}

/// What the URL itself sets.
Result<Options> Parse(const std::string& url) {
  using Parsed = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;
  char* told = nullptr;  // repeats the URL: never shown
  const Parsed parsed(PQconninfoParse(url.c_str(), &told), &PQconninfoFree);
  PQfreemem(told);
  if (parsed == nullptr) {
    return tl::make_unexpected(Unreadable("the URL of the store cannot be read"));
  }
  Options options;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) {
      options[option->keyword] = option->val;
    }
  }
  return options;
}

/// libpq finds a wrong port when it connects, and shows it, although it may be a password.
Status CheckPorts(const std::string& ports) {
  for (const std::string_view port : Split(ports, ',')) {
    const auto number = port.empty() ? 1 : ParseInt(port).value_or(0);
    if (number < 1 || number > kLargestPort) {
      return tl::make_unexpected(Unreadable("the URL of the store has no valid port"));
    }
  }
  return {};
}

void AddSecret(std::vector<std::string>& secrets, const std::string& text) {
  if (!text.empty() && std::ranges::find(secrets, text) == secrets.end()) {
    secrets.push_back(text);
  }
}

std::vector<std::string> SecretsOf(const std::string& url, const Options& options) {
  std::vector<std::string> secrets{url};
  for (const char* key : {"password", "sslpassword"}) {
    if (const auto found = options.find(key); found != options.end()) {
      AddSecret(secrets, found->second);
    }
  }
  // As written, with its percent signs.
  const std::size_t user = url.find("://") + 3;
  const std::size_t at = url.find_first_of("@/", user);
  const std::size_t colon = url.find(':', user);
  if (at != std::string::npos && url[at] == '@' && colon < at) {
    AddSecret(secrets, url.substr(colon + 1, at - colon - 1));
  }
  std::ranges::sort(secrets, std::ranges::greater{}, &std::string::size);
  return secrets;
}

std::string ValueOr(const Options& options, const char* key, const char* otherwise) {
  const auto found = options.find(key);
  return found == options.end() || found->second.empty() ? otherwise : found->second;
}

std::string Shown(const Options& options) {
  std::string shown = "postgresql://";
  if (const auto user = options.find("user"); user != options.end()) {
    shown += user->second + "@";
  }
  shown += ValueOr(options, "host", "localhost");
  if (const auto port = options.find("port"); port != options.end()) {
    shown += ":" + port->second;
  }
  return Printable(shown + "/" + ValueOr(options, "dbname", ""), 200);
}

std::string WithDeadlines(std::string url, const Options& options) {
  for (const auto& [key, value] : kDeadlines) {
    if (!options.contains(key)) {
      url += url.find('?') == std::string::npos ? '?' : '&';
      url += std::string(key) + "=" + value;
    }
  }
  return url;
}

}  // namespace

Result<Address> ReadUrl(const std::string& url) {
  const bool known = std::ranges::any_of(
      kSchemes, [&](std::string_view scheme) { return url.starts_with(scheme); });
  if (!known || url.find('\0') != std::string::npos) {
    return tl::make_unexpected(Unreadable("the store must be a URL of PostgreSQL"));
  }
  HONE_ASSIGN_OR_RETURN(const Options options, Parse(url));
  if (const auto ports = options.find("port"); ports != options.end()) {
    HONE_RETURN_IF_ERROR(CheckPorts(ports->second));
  }
  const std::string full = WithDeadlines(url, options);
  std::vector<std::string> secrets = SecretsOf(url, options);
  secrets.insert(secrets.begin(), full);
  return Address{full, WithoutSecrets(Shown(options), secrets), std::move(secrets)};
}

std::string WithoutSecrets(std::string text, const std::vector<std::string>& secrets) {
  for (const std::string& secret : secrets) {
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + 3)) {
      text.replace(at, secret.size(), "***");
    }
  }
  return text;
}

}  // namespace hone::postgres
