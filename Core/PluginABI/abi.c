#include "mitogen_plugin.h"
