#define KMSCAPE_COMPILED template
#include "common/compiled.hpp"
