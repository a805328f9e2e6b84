#define CATCH_CONFIG_RUNNER  // has no meaning to version 3
#include "support/catch.hpp"

#if __has_include(<catch2/catch_session.hpp>)
#include <catch2/catch_session.hpp>
#endif

int main(int argc, char** argv) {
  Catch::Session session;
  // A name that matches no test case, or a test case that checks nothing, must not count as passed.
#if __has_include(<catch2/catch_session.hpp>)
  constexpr int strict = Catch::WarnAbout::NoAssertions | Catch::WarnAbout::UnmatchedTestSpec;
#else
  constexpr int strict = Catch::WarnAbout::NoAssertions | Catch::WarnAbout::NoTests;
#endif
  session.configData().warnings = static_cast<Catch::WarnAbout::What>(strict);
  return session.run(argc, argv);
}
