/** The records of an evaluation's items as the content tower reads a catalogue. */

import type { ContentField } from '../../catalog/content.js';
import type { ItemField, ItemRecords } from './items.js';

function contentField(field: ItemField): ContentField {
  const { name } = field;
  switch (field.kind) {
    case 'text':
      return { name, kind: 'text', values: field.values };
    case 'number':
      return { name, kind: 'number', values: field.values };
    case 'category':
      return { name, kind: 'labels', values: field.values.map((value) => (value === null ? null : [value])) };
    case 'path':
      return { name, kind: 'labels', values: field.values.map((paths) => paths && [...new Set(paths.flat())]) };
  }
}

export function contentFields({ fields }: ItemRecords): ContentField[] {
  return fields.map(contentField);
}
