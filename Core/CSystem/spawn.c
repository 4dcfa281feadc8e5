#include "mitogen_system.h"
