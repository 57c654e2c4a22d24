/*
 * What MLflow takes: names, lengths, paths of artifacts. It refuses the names and the paths,
 * and cuts the values without a word, so an upload looks before it sends. The source is
 * mlflow/utils/validation.py and validate_path_is_safe() in mlflow/utils/uri.py, alike in 2.22
 * and 3.x. Pure. What is let through here may still be refused: the server has the last word.
 */
#ifndef CORE_REMOTE_MLFLOW_LIMITS_H
#define CORE_REMOTE_MLFLOW_LIMITS_H

#include <stddef.h>

#define MLFLOW_NAME_MAX  250u  /* characters of a metric's, param's or tag's name */
#define MLFLOW_PARAM_MAX 6000u /* … of a param's value */
#define MLFLOW_TAG_MAX   8000u /* … of a tag's */

/* What is wrong with the NAME of a metric, param or tag; NULL: nothing. */
const char *mlflow_name_fault(const char *name);
/* What is wrong with the PATH of an artifact (relative, '/' between its parts); NULL: nothing.
   Some are not refused but put elsewhere: the server decodes what it was sent once more. */
const char *mlflow_path_fault(const char *path);
/* The bytes of the first LIMIT characters (code points) of TEXT; *ALL is how many it has. */
size_t mlflow_first_characters(const char *text, size_t limit, size_t *all);

#endif
