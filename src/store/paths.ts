/** Names inside the folder that more than one room uses. */

/** Bundles of models, one folder each. */
export const MODELS_FOLDER = 'models';
