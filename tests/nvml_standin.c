/* A small libnvidia-ml.so: two boards, and a slice of the second. A test writes what each
   tells into `standin_boards`, and which calls fail and how into `standin_errors`.

   Names, structures and error codes are those of nvml.h:
   https://docs.nvidia.com/deploy/nvml-api/ */
#include <stdio.h>
#include <string.h>

enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6 };
enum { ENERGY, MEAN_POWER, INSTANT_POWER, CLOCK, MEMORY_CLOCK, TEMPERATURE, USE, MEMORY, LIMIT };
enum { BOARD_COUNT = 2, QUANTITY_COUNT = 9, INSTANT_POWER_FIELD = 186, MEMORY_DOMAIN = 2 };

typedef struct { int board; int is_slice; } device;
typedef struct { unsigned gpu, memory; } utilisation;
typedef struct { unsigned long long total, free, used; } memory_info;
typedef struct {
    unsigned field, scope;
    long long timestamp, latency_us;
    int type, status;
    union { double d; unsigned ui; unsigned long long ull; } value;
} field_value;

long long standin_boards[BOARD_COUNT][QUANTITY_COUNT];
int standin_errors[BOARD_COUNT][QUANTITY_COUNT];
int standin_init_error = SUCCESS;

static int is_open;
static device boards[BOARD_COUNT] = {{0, 0}, {1, 0}};
static device slice = {1, 1};

static int ask(device *from, int quantity, long long *told) {
    if (!is_open) return UNINITIALIZED;
    if (from == NULL) return INVALID;
    /* A slice has no sensors of its own; only its memory is told. */
    if (from->is_slice && quantity != MEMORY) return NOT_SUPPORTED;
    *told = standin_boards[from->board][quantity];
    return standin_errors[from->board][quantity];
}

static int ask_unsigned(device *from, int quantity, unsigned *told) {
    long long value = 0;
    int status = ask(from, quantity, &value);
    if (status == SUCCESS) *told = (unsigned)value;
    return status;
}

int nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    is_open = standin_init_error == SUCCESS;
    return standin_init_error;
}

int nvmlShutdown(void) {
    is_open = 0;
    return SUCCESS;
}

const char *nvmlErrorString(int status) {
    return status == SUCCESS ? "Success" : "Unknown Error";
}

int nvmlSystemGetDriverVersion(char *text, unsigned length) {
    snprintf(text, length, "570.00.1");
    return is_open ? SUCCESS : UNINITIALIZED;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, device **found) {
    if (!is_open) return UNINITIALIZED;
    if (strcmp(uuid, "GPU-first") == 0) *found = &boards[0];
    else if (strcmp(uuid, "GPU-second") == 0) *found = &boards[1];
    else if (strcmp(uuid, "MIG-slice") == 0) *found = &slice;
    else return NOT_FOUND;
    return SUCCESS;
}

int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(device *from, device **board) {
    if (!from->is_slice) return INVALID;
    *board = &boards[from->board];
    return SUCCESS;
}

int nvmlDeviceGetName(device *from, char *text, unsigned length) {
    if (from->is_slice) snprintf(text, length, "NVIDIA Second MIG 1g.10gb");
    else snprintf(text, length, from->board == 0 ? "NVIDIA First" : "NVIDIA Second");
    return SUCCESS;
}

int nvmlDeviceGetTotalEnergyConsumption(device *from, unsigned long long *millijoules) {
    long long value = 0;
    int status = ask(from, ENERGY, &value);
    *millijoules = (unsigned long long)value;
    return status;
}

int nvmlDeviceGetPowerUsage(device *from, unsigned *milliwatts) {
    return ask_unsigned(from, MEAN_POWER, milliwatts);
}

int nvmlDeviceGetEnforcedPowerLimit(device *from, unsigned *milliwatts) {
    return ask_unsigned(from, LIMIT, milliwatts);
}

int nvmlDeviceGetFieldValues(device *from, int count, field_value *fields) {
    for (int i = 0; i < count; i++) {
        long long value = 0;
        fields[i].status = fields[i].field == INSTANT_POWER_FIELD
            ? ask(from, INSTANT_POWER, &value) : NOT_SUPPORTED;
        fields[i].value.ui = (unsigned)value;
    }
    return is_open ? SUCCESS : UNINITIALIZED;
}

int nvmlDeviceGetClockInfo(device *from, int domain, unsigned *mhz) {
    return ask_unsigned(from, domain == MEMORY_DOMAIN ? MEMORY_CLOCK : CLOCK, mhz);
}

int nvmlDeviceGetTemperature(device *from, int sensor, unsigned *celsius) {
    (void)sensor;
    return ask_unsigned(from, TEMPERATURE, celsius);
}

int nvmlDeviceGetUtilizationRates(device *from, utilisation *rates) {
    rates->memory = 0;
    return ask_unsigned(from, USE, &rates->gpu);
}

int nvmlDeviceGetMemoryInfo(device *from, memory_info *info) {
    long long value = 0;
    int status = ask(from, MEMORY, &value);
    info->used = (unsigned long long)value;
    info->free = info->total = 0;
    return status;
}
