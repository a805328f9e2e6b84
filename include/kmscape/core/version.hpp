// The library's version: the one place that states it; the build reads it from here.
#pragma once

#define KMSCAPE_VERSION_MAJOR 0
#define KMSCAPE_VERSION_MINOR 1
#define KMSCAPE_VERSION_PATCH 0
